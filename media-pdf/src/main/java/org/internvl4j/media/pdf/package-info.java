/// PDF files to pictures, one a page.
package org.internvl4j.media.pdf;
