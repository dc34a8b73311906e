package org.internvl4j.langchain4j;

import dev.langchain4j.exception.InternalServerException;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.NonRetriableException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.exception.TimeoutException;
import org.internvl4j.media.PictureException;
import org.internvl4j.models.PromptTooLongException;
import org.internvl4j.serving.RefusedException;

/// What goes wrong here in the words of LangChain4j, which tells by the class what to ask again.
final class Failures {
  private Failures() {}

  static RuntimeException of(RuntimeException e) {
    return switch (e) {
      case RefusedException refused ->
          switch (refused.reason()) {
            case QUEUE_FULL -> new RateLimitException(refused.getMessage(), refused);
            case DEADLINE -> new TimeoutException(refused.getMessage(), refused);
            case CLOSING -> new NonRetriableException(refused.getMessage(), refused);
            case FAILED -> new InternalServerException(refused.getMessage(), refused);
          };
      case PromptTooLongException tooLong ->
          new InvalidRequestException(tooLong.getMessage(), tooLong);
      case PictureException picture -> new InvalidRequestException(picture.getMessage(), picture);
      case IllegalArgumentException wrong -> new InvalidRequestException(wrong.getMessage(), wrong);
      default -> e;
    };
  }
}
