package org.internvl4j.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.internvl4j.bench.Measurement.Sample;
import org.junit.jupiter.api.Test;

class SteadyRateTest {
  /// Half a second for each of the first three tokens, 10 ms for the others.
  private static double[] times() {
    double[] at = new double[65];
    at[0] = 1;
    for (int i = 1; i < at.length; i++) {
      at[i] = at[i - 1] + (i <= 3 ? 0.5 : 0.01);
    }
    return at;
  }

  @Test
  void steadyAfterTheSlowTokens() {
    assertThat(SteadyRate.steady(times())).isEqualTo(0.01, within(1e-9));
    assertThat(SteadyRate.steadyFrom(times())).isEqualTo(2.5, within(1e-9));
  }

  @Test
  void readsWhatAProcessPrinted() {
    Measurement m =
        SteadyRate.measurement(
            "WARNING: x\nopen 0.500 first 0.900 steady 1.250 rate 33.00 resident 1100.0 needed 1000.0\n");

    assertThat(m.median(Sample::seconds)).isEqualTo(1.25);
    assertThat(m.samples().getFirst().fact("residentMegabytes")).isEqualTo(1100);
  }
}
