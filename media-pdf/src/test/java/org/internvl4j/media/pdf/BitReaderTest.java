package org.internvl4j.media.pdf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import org.junit.jupiter.api.Test;

class BitReaderTest {
  @Test
  void numbersOfAnyLengthAreRead() throws Exception {
    byte[] bytes = {(byte) 0b1011_0010, (byte) 0xff, 0, 1, 2, 3, 4, 5, 6, 7, 8};
    try (BitReader in = new BitReader(new ByteArrayInputStream(bytes))) {
      assertThat(in.read(3)).isEqualTo(0b101);
      assertThat(in.read(0)).isZero();
      assertThat(in.read(7)).isEqualTo(0b1_0010_11);
      in.align();
      assertThat(in.read(64)).isEqualTo(0x0001_0203_0405_0607L);
      assertThat(in.read(8)).isEqualTo(8);
      assertThatThrownBy(() -> in.read(1)).isInstanceOf(EOFException.class);
    }
  }
}
