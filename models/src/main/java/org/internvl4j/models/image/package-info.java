/// From pictures to tiles, bit for bit as the reference does it: resizing, tiling, normalising, and
/// the choice of frames from a clip. Reads no files: pictures arrive as RGB bytes.
package org.internvl4j.models.image;
