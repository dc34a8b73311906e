/// Picture files to RGB, as Pillow's `Image.open(file).convert("RGB")` reads them.
package org.internvl4j.media;
