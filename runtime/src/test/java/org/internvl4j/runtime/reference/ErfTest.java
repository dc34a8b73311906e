package org.internvl4j.runtime.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Against the tables of Abramowitz & Stegun (7.1), extended to 16 digits.
final class ErfTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "1e-9, 1.1283791670955126e-9",
    "0.1, 0.1124629160182849",
    "0.5, 0.5204998778130465",
    "1, 0.8427007929497149",
    "1.5, 0.9661051464753108",
    "2, 0.9953222650189527",
    "2.4, 0.9993114861033549",
    "2.6, 0.9997639655834707",
    "3, 0.9999779095030014",
    "4, 0.9999999845827421",
    "6, 0.99999999999999998",
    "7, 1"
  })
  void agreesWithTables(double x, double erf) {
    assertThat(Erf.erf(x)).isCloseTo(erf, within(2e-15));
    assertThat(Erf.erf(-x)).isEqualTo(-Erf.erf(x));
  }
}
