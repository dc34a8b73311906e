/// Video files to frames.
package org.internvl4j.media.video;
