package org.internvl4j.server.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Base64;
import java.util.List;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.image.Picture;
import org.internvl4j.server.Limits;
import org.internvl4j.server.source.PictureRefusedException.Kind;
import org.junit.jupiter.api.Test;

/// Pictures that come inside the request.
class DataUriTest {
  private static final Picture PICTURE = Picture.ofRgb(2, 1, new byte[] {1, 2, 3, 4, 5, 6});
  private static final byte[] PNG = Pictures.png(PICTURE);
  private static final String BASE64 = Base64.getEncoder().encodeToString(PNG);
  private static final PictureSource SOURCE = new PictureSource(SourceOptions.of(Limits.DEFAULT));

  private static String percent() {
    StringBuilder text = new StringBuilder();
    for (byte b : PNG) {
      text.append(b > 'a' && b < 'z' ? "" + (char) b : "%%%02x".formatted(b));
    }
    return text.toString();
  }

  private static void assertRefused(String uri, Kind kind) {
    assertThatThrownBy(() -> SOURCE.open(uri))
        .as(uri)
        .isInstanceOfSatisfying(
            PictureRefusedException.class, e -> assertThat(e.kind()).as(uri).isEqualTo(kind));
  }

  @Test
  void readsEveryForm() {
    String lines = Base64.getMimeEncoder().encodeToString(PNG);
    String escaped = BASE64.replace("+", "%2B").replace("/", "%2f").replace("=", "%3D");
    for (String uri :
        List.of(
            "data:image/png;base64," + BASE64,
            "DATA:image/jpeg;BASE64," + BASE64,
            "data:;base64," + BASE64,
            "data:text/html;charset=utf-8;name=a%20b.png;base64," + BASE64,
            "data:image/svg+xml;base64," + lines,
            "data:image/png;base64," + BASE64.replace("=", ""),
            "data:image/png;base64," + escaped,
            "data:image/png," + percent(),
            "data:," + percent())) {
      assertThat(SOURCE.open(uri).read()).as(uri).isEqualTo(PICTURE);
    }
    assertThat(SOURCE.decode(BASE64).read()).isEqualTo(PICTURE);
    assertThat(SOURCE.decode(lines).read()).isEqualTo(PICTURE);
  }

  @Test
  void refusesGarbage() {
    for (String uri :
        List.of(
            "data:",
            "data:image/png;base64",
            "data:image/png;base64,",
            "data:image/png,",
            "data:image;base64," + BASE64,
            "data:base64," + BASE64,
            "data:image/png;base64;x=y," + BASE64,
            "data:image/png; base64," + BASE64,
            "data: image/png;base64," + BASE64,
            "data:image/png;charset;base64," + BASE64,
            "data:" + "a".repeat(600) + "/png;base64," + BASE64,
            "data:image/png;base64, " + BASE64,
            "data:image/png;base64," + BASE64 + "====",
            "data:image/png;base64," + BASE64 + "!",
            "data:image/png;base64,猫" + BASE64,
            "data:image/png;base64,A",
            "data:image/png;base64,-_-_",
            "data:image/png;base64,aGVsbG8=",
            "data:image/png;base64,%zz",
            "data:image/png,%",
            "data:image/png,%8",
            "data:image/png,a b",
            "data:image/png,猫",
            "data:text/plain,hello")) {
      assertRefused(uri, Kind.BROKEN);
    }
    assertThatThrownBy(() -> SOURCE.decode("data:image/png;base64," + BASE64))
        .hasMessage(
            "the file is not base64 of the standard alphabet (A-Z, a-z, 0-9, +, /); encode its file again");
  }

  @Test
  void limitsBytesAndPixels() {
    PictureSource exact = new PictureSource(SourceOptions.of(Limits.DEFAULT).withBytes(PNG.length));
    assertThat(exact.decode(BASE64).read()).isEqualTo(PICTURE);
    PictureSource small =
        new PictureSource(SourceOptions.of(Limits.DEFAULT).withBytes(PNG.length - 1));
    assertThatThrownBy(() -> small.decode(BASE64))
        .hasMessage(
            "the file is longer than the limit of " + (PNG.length - 1) + " bytes; shrink it");
    Limits d = Limits.DEFAULT;
    Limits one =
        new Limits(d.bodyBytes(), d.headerBytes(), 1, 1, d.newTokens(), d.answers(), d.time());
    assertThatThrownBy(() -> new PictureSource(SourceOptions.of(one)).decode(BASE64))
        .isInstanceOfSatisfying(
            PictureRefusedException.class, e -> assertThat(e.kind()).isEqualTo(Kind.TOO_LARGE))
        .hasMessageStartingWith("picture: the header says 2 x 1 pixels, more than the limit of 1");
  }
}
