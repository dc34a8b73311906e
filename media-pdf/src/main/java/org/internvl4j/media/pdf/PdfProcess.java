package org.internvl4j.media.pdf;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.LockSupport;

/// The process of an [IsolatedPdf]: reads a file and questions from its standard input, and answers
/// on its standard output. It ends when its input does, in the middle of a page, too.
final class PdfProcess {
  private PdfProcess() {}

  /// @param arguments none
  public static void main(String... arguments) throws Exception {
    Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(PdfProcess::stay));
    try {
      DataInputStream in =
          new DataInputStream(new BufferedInputStream(new FileInputStream(FileDescriptor.in)));
      DataOutputStream out =
          new DataOutputStream(new BufferedOutputStream(new FileOutputStream(FileDescriptor.out)));
      System.setOut(new PrintStream(OutputStream.nullOutputStream())); // for whatever libraries say
      out.writeBoolean(true); // it has started
      out.flush();
      Wire.Opening opening = Wire.Opening.read(in);
      BlockingQueue<Wire.Question> questions = new LinkedBlockingQueue<>();
      Thread.ofPlatform().daemon().name("questions").start(() -> listen(in, questions));
      answer(opening, questions, out);
    } finally {
      Runtime.getRuntime().halt(1);
    }
  }

  /// A terminal's Ctrl-C reaches this process, too, but is the business of the one that asks.
  private static void stay() {
    while (true) {
      LockSupport.park();
    }
  }

  private static void listen(DataInputStream in, BlockingQueue<Wire.Question> questions) {
    try {
      while (true) {
        questions.add(Wire.Question.read(in));
      }
    } catch (IOException e) {
      // the end of the input
    } finally {
      Runtime.getRuntime().halt(0); // nobody is there to hear of it
    }
  }

  private static void answer(
      Wire.Opening opening, BlockingQueue<Wire.Question> questions, DataOutputStream out)
      throws Exception {
    try (Pdf pdf = Pdf.inMemory(opening.file(), opening.name(), opening.options())) {
      out.writeBoolean(true);
      out.writeInt(pdf.pageCount());
      out.flush();
      while (true) {
        answer(pdf, questions.take(), out);
        out.flush();
      }
    } catch (PdfException e) {
      refuse(out, e);
      out.flush();
    }
  }

  private static void answer(Pdf pdf, Wire.Question question, DataOutputStream out)
      throws IOException {
    try {
      if (question.drawn()) {
        PdfPage page = pdf.page(question.number(), question.tiling());
        out.writeBoolean(true);
        Wire.write(out, page);
      } else {
        long pixels = pdf.pixels(question.number(), question.tiling());
        out.writeBoolean(true);
        out.writeLong(pixels);
      }
    } catch (PdfException e) {
      refuse(out, e);
    }
  }

  private static void refuse(DataOutputStream out, PdfException e) throws IOException {
    out.writeBoolean(false);
    Wire.writeText(out, String.valueOf(e.getMessage()));
  }
}
