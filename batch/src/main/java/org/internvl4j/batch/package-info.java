/// The same task for many pictures.
package org.internvl4j.batch;
