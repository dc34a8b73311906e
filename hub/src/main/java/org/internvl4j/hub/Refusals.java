package org.internvl4j.hub;

import java.io.IOException;
import java.net.URI;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.ModelName;
import org.jspecify.annotations.Nullable;

/// What it means when the hub does not give what it was asked for, and what to do about it.
///
/// @param endpoint the hub
/// @param hasToken whether it was told who asks
record Refusals(ModelName model, URI endpoint, boolean hasToken) {
  private static final int LONGEST = 200; // characters of what the hub says

  /// Nothing if the hub gives it.
  ///
  /// @param what what was asked for: `tokenizer.json`
  /// @throws CheckpointException if there is no such model, revision or file, or it may not be had
  /// @throws IOException for any other refusal
  void require(Answer answer, String what) throws IOException {
    int status = answer.status();
    if (status == Answer.OK || status == Answer.PARTIAL || status == Answer.OUT_OF_RANGE) {
      return;
    }
    if (!answer.fromHub()) {
      throw new IOException("%s: refuses %s (%d)".formatted(answer.host(), what, status));
    }
    String code = answer.header("X-Error-Code");
    String why = why(code == null ? byStatus(status) : code, what);
    if (why == null) {
      String said = said(answer);
      throw new IOException("%s: answers %d to %s%s".formatted(answer.host(), status, what, said));
    }
    throw new CheckpointException(model.repository(), why + said(answer));
  }

  private static String byStatus(int status) {
    return switch (status) {
      case 401 -> "RepoNotFound"; // so the hub hides private ones
      case 403 -> "Forbidden";
      case 404 -> "NotFound";
      default -> "";
    };
  }

  private @Nullable String why(String code, String what) {
    return switch (code) {
      case "RepoNotFound" ->
          "no such model on "
              + endpoint.getHost()
              + ", or a private one; "
              + (hasToken ? "the token does not open it" : "for that set HF_TOKEN to a token");
      case "GatedRepo" ->
          "is gated; accept its terms on "
              + endpoint
              + "/"
              + model.repository()
              + (hasToken ? ", as the user whose token it is" : " and set HF_TOKEN to a token");
      case "RevisionNotFound" -> "has no revision " + model.revision();
      case "EntryNotFound" -> "has no " + what + " though the hub lists it";
      case "Forbidden" ->
          endpoint.getHost()
              + " forbids "
              + what
              + (hasToken ? "; the token may not read it" : "; set HF_TOKEN to a token");
      case "NotFound" -> endpoint.getHost() + " does not have " + what;
      default -> null;
    };
  }

  private static String said(Answer answer) {
    String message = answer.header("X-Error-Message");
    if (message == null || message.isBlank()) {
      return "";
    }
    String cut = message.length() > LONGEST ? message.substring(0, LONGEST) + "…" : message;
    return " (the hub says: " + cut + ")";
  }
}
