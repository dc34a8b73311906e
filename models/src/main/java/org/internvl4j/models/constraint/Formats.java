package org.internvl4j.models.constraint;

import java.util.Map;

/// Formats of strings that a pattern says exactly.
final class Formats {
  private static final String OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
  private static final String LEAP_YEAR =
      "(?:[0-9][0-9](?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)";
  private static final String DATE =
      "(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
          + "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
          + "|02-(?:0[1-9]|1[0-9]|2[0-8]))|"
          + LEAP_YEAR
          + "-02-29)";
  private static final String TIME =
      "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.][0-9]{1,9})?"
          + "(?:Z|[+-](?:0[0-9]|1[0-7]):[0-5][0-9])";

  static final Map<String, String> PATTERNS =
      Map.of(
          "date", "^" + DATE + "$",
          "time", "^" + TIME + "$",
          "date-time", "^" + DATE + "T" + TIME + "$",
          "ipv4", "^" + OCTET + "(?:[.]" + OCTET + "){3}$",
          "uuid", "^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$");

  private Formats() {}
}
