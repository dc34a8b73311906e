package org.internvl4j.media.pdf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.internvl4j.media.pdf.PdfBytes.ascii;
import static org.internvl4j.media.pdf.PdfBytes.page;
import static org.internvl4j.media.pdf.PdfBytes.stream;

import java.io.IOException;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.pdfbox.Loader;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.internvl4j.models.image.Tiling;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Single operators that would take minutes: left out and told, or ended by the clock of the page.
class EndlessDrawingTest {
  private static final Logger LIBRARY = Logger.getLogger("org.apache");
  private static final Tiling TILING = Tiling.of(448, 12);
  private static final String ACROSS =
      " is left out: its lines cross too much of the page or one another";

  @BeforeEach
  void quiet() {
    LIBRARY.setLevel(Level.OFF); // what it logs is told as problems
  }

  @AfterEach
  void notInterrupted() {
    Thread.interrupted();
  }

  private static PdfPage drawn(byte[] file) {
    try (Pdf pdf = Pdf.of(file, "a.pdf", PdfOptions.DEFAULT)) {
      return pdf.page(1, TILING);
    }
  }

  private static List<String> problems(String content) {
    return drawn(
            page(
                "0 0 600 600",
                "/Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>",
                content))
        .problems();
  }

  @Test
  void leavesOutPathsThatCrossThePageTooOften() {
    String path = "0 0 m " + "600 600 l 0 300 l ".repeat(50_000);
    assertThat(problems(path + "f*")).containsExactly("a path that is filled" + ACROSS);
    assertThat(problems("100 w 1 j 1 J " + path + "S"))
        .containsExactly("a path that is stroked" + ACROSS);
    assertThat(problems("100 w 1 j 1 J " + path + "B"))
        .containsExactly("a path that is filled" + ACROSS, "a path that is stroked" + ACROSS);
    assertThat(problems("0 0 m " + "1 1 l 0 1 l ".repeat(50_000) + "B")).isEmpty();
  }

  @Test
  void leavesOutPathsOfTooManySegments() {
    assertThat(problems("0 0 m " + "0 0 l ".repeat(PathWork.MOST_SEGMENTS + 10) + "f 0 0 9 9 re f"))
        .containsExactly("a path is left out: it has more than the limit of 2000000 segments");
  }

  private static String star(int lines) {
    Random random = new Random(3);
    StringBuilder path = new StringBuilder("0 0 m ");
    for (int i = 0; i < lines; i++) {
      path.append(random.nextInt(600)).append(i % 2 == 0 ? " 600 l " : " 0 l ");
    }
    return path.append("h ").toString();
  }

  @Test
  void leavesOutClipsWhoseLinesCrossEachOtherTooOften() {
    assertThat(problems(star(400) + "W* n 0 0 600 600 re f"))
        .containsExactly("a path that clips" + ACROSS);
    assertThat(problems((star(90) + "W* n ").repeat(20) + "0 0 600 600 re f"))
        .isNotEmpty()
        .allMatch(("a path that clips" + ACROSS)::equals);
    StringBuilder many = new StringBuilder();
    for (int i = 0; i < 600; i++) {
      many.append("%d 0 m %d 600 l %d 600 l %d 0 l h ".formatted(i, i, i, i));
    }
    assertThat(problems(many + "W n 0 0 600 600 re f")).isEmpty();
  }

  @Test
  void leavesOutLettersThatClipOneAnotherTooOften() {
    assertThat(
            problems(
                "BT /F 300 Tf 7 Tr "
                    + "1 0 0 1 50 50 Tm (O%&) Tj ".repeat(200)
                    + "ET 0 0 600 600 re f"))
        .isNotEmpty()
        .allMatch(("a letter that clips" + ACROSS)::equals);
    assertThat(
            problems(
                "BT /F 12 Tf 7 Tr 50 50 Td (as a text that clips may look) Tj ET 0 0 600 600 re f"))
        .isEmpty();
  }

  @Test
  void drawsThinPagesWithSidesAsOtherPictures() {
    PdfPage thin = drawn(page("0 0 1 100000", "", ""));
    assertThat(thin.picture().width()).isOne();
    assertThat(thin.picture().height()).isBetween(65_500, 65_535);
  }

  private static byte[] mesh(int type, int parts, int bytes) {
    byte[] data = new byte[parts * bytes];
    Random random = new Random(type);
    random.nextBytes(data);
    for (int i = 0; i < data.length; i += bytes) {
      data[i] = 0; // begins anew
    }
    return stream(
        "/ShadingType %d /ColorSpace /DeviceGray /BitsPerCoordinate 16 /BitsPerComponent 8 /BitsPerFlag 8 /Decode [0 600 0 600 0 1]"
            .formatted(type),
        data);
  }

  private static byte[] bySh(byte[] shading, byte[]... more) {
    byte[][] objects = new byte[1 + more.length][];
    objects[0] = shading;
    System.arraycopy(more, 0, objects, 1, more.length);
    return page("0 0 600 600", "/Shading << /S 5 0 R >>", "/S sh", objects);
  }

  private static byte[] byPattern(byte[] shading) {
    return page(
        "0 0 600 600",
        "/Pattern << /P << /PatternType 2 /Shading 5 0 R >> >>",
        "/Pattern cs /P scn 0 0 600 600 re f",
        shading);
  }

  @Test
  void leavesOutMeshesOfTooManyParts() {
    assertThat(drawn(bySh(mesh(4, 200_001, 6))).problems())
        .containsExactly("a shading is left out: it has more than the limit of 200000 vertices");
    assertThat(drawn(byPattern(mesh(6, 9_000, 53))).problems())
        .containsExactly("a shading is left out: it has more than the limit of 5000 patches");
    assertThat(drawn(bySh(mesh(4, 9, 6))).problems()).isEmpty();
  }

  @Test
  void leavesOutMeshesWhoseSidesAreTooLong() {
    String why =
        "a shading is left out: the sides of its mesh are longer than the limit of 5000000 pixels";
    assertThat(drawn(bySh(mesh(4, 30_000, 6))).problems()).containsExactly(why);
    assertThat(drawn(byPattern(mesh(6, 3000, 53))).problems()).containsExactly(why);
    assertThat(drawn(bySh(mesh(7, 3000, 69))).problems()).containsExactly(why);
    byte[] lattice =
        stream(
            "/ShadingType 5 /VerticesPerRow 100 /ColorSpace /DeviceGray /BitsPerCoordinate 16 /BitsPerComponent 8 /Decode [0 1e9 0 1 0 1]",
            mesh(5, 300, 6));
    assertThat(drawn(bySh(lattice)).problems()).containsExactly(why);
  }

  private static byte[] program(int sines) {
    return stream(
        "/FunctionType 4 /Domain [0 600 0 600] /Range [0 1]",
        ascii("{ " + "dup sin exch ".repeat(sines) + "pop }"));
  }

  private static final byte[] BY_PROGRAM =
      ascii("<< /ShadingType 1 /ColorSpace /DeviceGray /Domain [0 600 0 600] /Function 6 0 R >>");

  @Test
  void refusesFunctionsThatAreTooLong() {
    assertThatThrownBy(() -> drawn(bySh(BY_PROGRAM, program(20_000))))
        .isInstanceOf(PdfException.class)
        .hasMessage(
            "a.pdf: page 1 has a function of more than the limit of 32768 bytes; print it to a new PDF");
    byte[] samples =
        stream(
            "/FunctionType 0 /Domain [0 1 0 1] /Range [0 1] /Size [9999 9999] /BitsPerSample 8",
            new byte[9]);
    assertThatThrownBy(() -> drawn(bySh(BY_PROGRAM, samples)))
        .isInstanceOf(PdfException.class)
        .hasMessage(
            "a.pdf: page 1 has a function of more than the limit of 4194304 samples and 16 inputs; print it to a new PDF");
  }

  private static byte[] shaded(String kind) {
    return switch (kind) {
      case "function" -> bySh(BY_PROGRAM, program(10));
      case "mesh" -> bySh(mesh(4, 300, 6));
      case "lattice" ->
          byPattern(
              stream(
                  "/ShadingType 5 /VerticesPerRow 20 /ColorSpace /DeviceGray /BitsPerCoordinate 16 /BitsPerComponent 8 /Decode [0 600 0 600 0 1]",
                  mesh(5, 300, 6)));
      case "patches" -> byPattern(mesh(6, 10, 53));
      case "tensors" -> bySh(mesh(7, 10, 69));
      default -> throw new AssertionError(kind);
    };
  }

  private static void draw(byte[] file, LongSupplier clock) throws IOException {
    try (PDDocument document = Loader.loadPDF(file)) {
      new Drawer(document, PdfOptions.DEFAULT, clock).draw(0, 1);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"function", "mesh", "lattice", "patches", "tensors"})
  void theClockIsLookedAtWithinAShading(String kind) throws IOException {
    byte[] file = shaded(kind);
    AtomicInteger all = new AtomicInteger();
    draw(file, all::incrementAndGet);
    assertThat(all.get()).isGreaterThan(10_000);
    int look = all.get() / 2;
    AtomicInteger looks = new AtomicInteger();
    assertThatThrownBy(() -> draw(file, () -> looks.incrementAndGet() < look ? 0 : Long.MAX_VALUE))
        .isInstanceOf(Drawer.LateException.class);
    assertThat(looks.get()).isEqualTo(look);
    AtomicInteger again = new AtomicInteger();
    LongSupplier interrupter =
        () -> {
          if (again.incrementAndGet() == look) {
            Thread.currentThread().interrupt();
          }
          return 0;
        };
    assertThatThrownBy(() -> draw(file, interrupter)).isInstanceOf(CancellationException.class);
    assertThat(again.get()).isEqualTo(look);
  }
}
