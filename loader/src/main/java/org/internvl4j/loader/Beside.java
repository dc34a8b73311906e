package org.internvl4j.loader;

import java.util.ArrayList;
import java.util.List;
import org.internvl4j.runtime.Tensor;

/// What is added to the products of a matrix that an adapter changes and that keeps its numbers: `y
/// += B·(A x)`.
///
/// @param a `[R, in]`, as the device keeps matrices; R is the ranks of all adapters together
/// @param b `[out, R]`, scaled
public record Beside(Tensor a, Tensor b) {
  /// What changes a matrix that is read as one.
  ///
  /// @param change what is added to a piece of it
  /// @param places the row of B for each row of the whole, or -1
  private record Term(LowRank change, int[] places) {}

  /// The changes of matrices that lie below each other.
  static final class Terms {
    private final List<Term> terms = new ArrayList<>();
    private final int[] order;
    private final int in;

    /// @param changes of each piece
    /// @param outs rows of each piece
    /// @param order which rows of all pieces the result has
    Terms(List<List<LowRank>> changes, int[] outs, int[] order, int in) {
      this.order = order;
      this.in = in;
      int first = 0;
      for (int p = 0; p < outs.length; p++) {
        for (LowRank change : changes.get(p)) {
          int[] local = change.places(outs[p]);
          int[] places = new int[order.length];
          for (int i = 0; i < order.length; i++) {
            int row = order[i] - first;
            places[i] = row >= 0 && row < outs[p] ? local[row] : -1;
          }
          terms.add(new Term(change, places));
        }
        first += outs[p];
      }
    }

    int rank() {
      return terms.stream().mapToInt(t -> t.change.rank()).sum();
    }

    int out() {
      return order.length;
    }

    /// All A below each other.
    float[] a() {
      float[] all = new float[Math.multiplyExact(rank(), in)];
      int at = 0;
      for (Term term : terms) {
        for (float[] row : term.change.a().read()) {
          System.arraycopy(row, 0, all, at, in);
          at += in;
        }
      }
      return all;
    }

    /// All B beside each other, scaled; zero where a row is not changed.
    float[] b() {
      int rank = rank();
      float[] all = new float[Math.multiplyExact(order.length, rank)];
      int column = 0;
      for (Term term : terms) {
        float[][] rows = term.change.b().read();
        for (int i = 0; i < order.length; i++) {
          for (int j = 0; term.places[i] >= 0 && j < term.change.rank(); j++) {
            double value = term.change.scale() * rows[term.places[i]][j];
            all[i * rank + column + j] = (float) value;
          }
        }
        column += term.change.rank();
      }
      return all;
    }
  }
}
