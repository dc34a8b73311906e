package org.internvl4j.hub;

/// A file of a revision, as the hub lists it.
///
/// @param path its name, perhaps with folders: `model.safetensors`; leads nowhere else
/// @param bytes its size
/// @param hash SHA-256 in 64 or git's SHA-1 in 40 hexadecimal digits, lower case; its blob's name
public record ListedFile(String path, long bytes, String hash) {
  public ListedFile {
    if (!WantedFiles.isInside(path) || bytes < 0 || !Hash.isName(hash)) {
      throw new IllegalArgumentException(
          "hub: no file can be '%s' of %d bytes with the hash '%s'".formatted(path, bytes, hash));
    }
  }
}
