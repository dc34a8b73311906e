package org.internvl4j.models.contrastive;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.internvl4j.models.contrastive.Sights.Sight;
import org.junit.jupiter.api.Test;

class TextRowsTest {
  /// For seeded random texts: token `t` sees exactly the tokens up to itself whose id is not 0, as
  /// a causal mask and a mask of padding together say.
  @Test
  void everyTokenSeesTheVisibleOnesUpToItself() {
    Random random = new Random(7);
    for (int round = 0; round < 200; round++) {
      List<int[]> texts = List.of(text(random), text(random), text(random));
      TextRows rows = TextRows.of(texts);
      for (int i = 0; i < texts.size(); i++) {
        int[] text = texts.get(i);
        for (int t = 0; t < text.length; t++) {
          boolean[] sees = sees(rows, rows.rows().get(i)[t]);
          int seen = 0;
          for (int s = 0; s < text.length; s++) {
            assertThat(sees[rows.rows().get(i)[s]])
                .as("text %d of round %d: %d sees %d", i, round, t, s)
                .isEqualTo(s <= t && text[s] != 0);
            seen += s <= t && text[s] != 0 ? 1 : 0;
          }
          int all = 0;
          for (boolean s : sees) {
            all += s ? 1 : 0;
          }
          assertThat(all).isEqualTo(seen); // and nothing of other texts
          assertThat(rows.ids()[rows.rows().get(i)[t]]).isEqualTo(text[t]);
          assertThat(rows.sights().positions()[rows.rows().get(i)[t]]).isEqualTo(t);
        }
      }
    }
  }

  private static int[] text(Random random) {
    int[] ids = new int[1 + random.nextInt(9)];
    ids[0] = 1;
    for (int i = 1; i < ids.length; i++) {
      ids[i] = random.nextInt(3) == 0 ? 0 : 2 + random.nextInt(9);
    }
    return ids;
  }

  private static boolean[] sees(TextRows rows, int row) {
    boolean[] sees = new boolean[rows.ids().length];
    int found = 0;
    for (Sight sight : rows.sights().all()) {
      if (row >= sight.from() && row < sight.from() + sight.rows()) {
        found++;
        int visible = sight.mask().visible(row - sight.from(), sight.keys());
        for (int k = 0; k < visible; k++) {
          sees[sight.keysFrom() + k] = true;
        }
      }
    }
    assertThat(found).isEqualTo(1);
    return sees;
  }
}
