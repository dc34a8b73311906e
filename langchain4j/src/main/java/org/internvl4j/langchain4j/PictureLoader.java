package org.internvl4j.langchain4j;

import java.io.IOException;
import java.net.URI;

/// Gets the file of a picture that a message names by its address. Without one no address is ever
/// asked: which hosts may be, how long it may take and how much may come, only the application
/// knows.
@FunctionalInterface
public interface PictureLoader {
  /// @return the bytes of a picture file
  byte[] load(URI url) throws IOException;
}
