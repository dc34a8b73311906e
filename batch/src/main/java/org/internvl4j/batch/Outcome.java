package org.internvl4j.batch;

import java.util.List;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.Answer;
import org.internvl4j.models.contrastive.ZeroShot;
import org.internvl4j.models.image.Picture;

/// What became of a row. Immutable.
public sealed interface Outcome {
  /// Whether it is no result: an error, or a refusal.
  default boolean isFailure() {
    return false;
  }

  /// An answer.
  ///
  /// @param pointing whether it was asked where something is: its boxes are a result of their own
  /// @param pictures sizes of the pictures, on which its boxes lie
  record Answered(Answer answer, boolean pointing, List<Size> pictures) implements Outcome {
    public Answered {
      pictures = List.copyOf(pictures);
    }
  }

  /// A vector.
  ///
  /// @param tokens of the prompt, for those that a decoder made; else 0
  record Embedded(float[] vector, int tokens) implements Outcome {}

  /// Classes, the likeliest first.
  record Classified(List<ZeroShot.Guess> guesses) implements Outcome {
    public Classified {
      guesses = List.copyOf(guesses);
    }
  }

  /// The answer to a request in OpenAI's form.
  ///
  /// @param status as HTTP has them: 200, or 400 for a request that was refused
  record Called(int status, Json body) implements Outcome {
    @Override
    public boolean isFailure() {
      return status != 200;
    }
  }

  /// There is no result.
  ///
  /// @param code what kind of failure it is, for programs: `picture`, `too_long`, `input`
  /// @param sentence what went wrong, for people; the middle of a long one is left out
  record Failed(String code, String sentence) implements Outcome {
    private static final int LONGEST = 2_000; // characters: paths and texts are quoted
    private static final int END = 500;

    public Failed {
      int length = sentence.length();
      if (length > LONGEST) {
        sentence = sentence.substring(0, LONGEST - END) + " … " + sentence.substring(length - END);
      }
    }

    /// A picture is missing, damaged, too large or none.
    public static Failed picture(String sentence) {
      return new Failed("picture", sentence);
    }

    /// A question is longer than the context or the memory for it.
    public static Failed tooLong(String sentence) {
      return new Failed("too_long", sentence);
    }

    /// Anything else in a row makes no sense.
    public static Failed input(String sentence) {
      return new Failed("input", sentence);
    }

    @Override
    public boolean isFailure() {
      return true;
    }
  }

  /// Width and height of a picture in pixels.
  record Size(int width, int height) {
    static Size of(Picture picture) {
      return new Size(picture.width(), picture.height());
    }
  }
}
