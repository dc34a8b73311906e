package org.internvl4j.parquet;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Unpacks Zstandard's frames (RFC 8878). Their checksums are skipped: pages have their own, and
/// each read stays within its array.
final class Zstd {
  private static final int MAGIC = 0xfd2fb528;
  private static final int SKIPPED = 0x184d2a50;
  private static final int LARGEST_BLOCK = 128 << 10;

  private final Slice in;
  private final Window out;
  private @Nullable HuffmanTable codes; // of the block before
  private ZstdSequences sequences = new ZstdSequences();

  /// @param size bytes that come out
  Zstd(Slice in, int size) {
    this.in = in;
    this.out = new Window(size, in.left());
  }

  byte[] unpack() {
    while (in.left() > 0) {
      int magic = in.i32();
      if ((magic & ~15) == SKIPPED) {
        in.skip(in.low(4));
      } else if (magic == MAGIC) {
        frame();
      } else {
        throw new Damage("a frame that begins with %08x".formatted(magic));
      }
    }
    return out.full();
  }

  private void frame() {
    int descriptor = in.u8();
    boolean single = (descriptor & 32) != 0;
    in.skip(single ? 0 : 1); // how far back copies reach: all is in memory anyway
    int[] widths = {0, 1, 2, 4};
    if (in.low(widths[descriptor & 3]) != 0) {
      throw new Damage("packed with a dictionary");
    }
    int sized = descriptor >>> 6;
    in.skip(sized == 0 ? single ? 1 : 0 : 1 << sized);

    codes = null;
    sequences = new ZstdSequences();
    int header;
    do {
      header = (int) in.low(3);
      block(header >>> 1 & 3, header >>> 3);
    } while ((header & 1) == 0);
    in.skip((descriptor & 4) != 0 ? 4 : 0);
  }

  private void block(int kind, int size) {
    if (size > LARGEST_BLOCK) {
      throw new Damage("a block of %d bytes, at most %d".formatted(size, LARGEST_BLOCK));
    }
    switch (kind) {
      case 0 -> out.literal(in, size);
      case 1 -> out.fill(in.u8(), size);
      case 2 -> {
        Slice block = in.slice(size);
        Slice literals = literals(block);
        sequences.replay(block, literals, out);
      }
      default -> throw new Damage("a block of unknown kind");
    }
  }

  private Slice literals(Slice block) {
    int kind = block.peek(0) & 3;
    int format = block.peek(0) >>> 2 & 3;
    if (kind < 2) {
      int length = (format & 1) == 0 ? 1 : format == 1 ? 2 : 3;
      int size = (int) block.low(length) >>> (length == 1 ? 3 : 4);
      return kind == 0 ? block.slice(size) : repeated(block.u8(), size);
    }
    int length = Math.max(3, format + 2);
    int bits = format < 2 ? 10 : 4 * format + 6;
    long header = block.low(length) >>> 4;
    int size = (int) (header & (1 << bits) - 1);
    Slice packed = block.slice(header >>> bits);
    checkLiterals(size);
    if (kind == 2) {
      codes = new HuffmanTable(packed);
    } else if (codes == null) {
      throw new Damage("codes of a block before are missing");
    }
    byte[] literals = new byte[size];
    if (format == 0) {
      codes.decode(packed, literals, 0, size);
    } else {
      fourStreams(codes, packed, literals);
    }
    return new Slice(literals);
  }

  private static void fourStreams(HuffmanTable codes, Slice packed, byte[] literals) {
    int[] sizes = {(int) packed.low(2), (int) packed.low(2), (int) packed.low(2)};
    int each = (literals.length + 3) / 4;
    if (3 * each > literals.length) {
      throw new Damage("four streams of %d literals".formatted(literals.length));
    }
    for (int i = 0; i < 3; i++) {
      codes.decode(packed.slice(sizes[i]), literals, i * each, (i + 1) * each);
    }
    codes.decode(packed, literals, 3 * each, literals.length);
  }

  private static Slice repeated(int value, int size) {
    checkLiterals(size);
    byte[] literals = new byte[size];
    Arrays.fill(literals, (byte) value);
    return new Slice(literals);
  }

  private static void checkLiterals(int size) {
    if (size > LARGEST_BLOCK) {
      throw new Damage("%d literals in a block of at most %d".formatted(size, LARGEST_BLOCK));
    }
  }
}
