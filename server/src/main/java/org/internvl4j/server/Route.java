package org.internvl4j.server;

/// What a method and a path are answered by.
///
/// @param isOpen whether it needs no key
record Route(String method, String path, Dialect dialect, boolean isOpen, Action action) {
  /// Answers.
  @FunctionalInterface
  interface Action {
    /// @throws ApiException if the answer is an error, and nothing was sent yet
    /// @throws java.io.IOException if the client has left
    /// @throws InterruptedException if the server is ending
    void answer(Exchange exchange) throws Exception;
  }
}
