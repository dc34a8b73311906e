package org.internvl4j.models.nn;

import java.util.Arrays;
import java.util.List;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// A mixture of experts (Shazeer et al. 2017): a router sends each row to a few of many MLPs and
/// adds up what they say, weighted. Only experts that some row is sent to are touched.
///
/// Rows are sorted by expert, so that each expert sees its rows at once; the router's choice is
/// made on the host.
///
/// @param router from C to the number of experts
/// @param chosen how many experts a row goes to
/// @param renormalised whether the weights of the chosen ones sum to 1
public record Experts(Linear router, List<GatedMlp> experts, int chosen, boolean renormalised)
    implements Mlp {

  @Override
  public Tensor addTo(Tensor x, Norm.Rms norm) {
    Tensor h = norm.forward(x);
    Routes routes = Routes.of(router.forward(h).toFloats(), experts.size(), chosen, renormalised);
    Tensor said = say(h, routes);
    for (int rank = 0; rank < chosen; rank++) {
      x.copyFrom(x.add(ids(h, routes.places(rank)).gather(said)));
    }
    return x;
  }

  /// What each row's experts say, weighted, in the order of the routes.
  private Tensor say(Tensor h, Routes routes) {
    Tensor said = h.workspace().activations(routes.count(), h.dim(1));
    for (int e = 0; e < experts.size(); e++) {
      int n = routes.end(e) - routes.start(e);
      if (n > 0) {
        GatedMlp expert = experts.get(e);
        Tensor part = said.narrow(0, routes.start(e), n);
        part.copyFrom(ids(h, routes.rows(e)).gather(h));
        Tensor hidden = expert.hidden(part);
        part.copyFrom(expert.down().forward(hidden.mul(weights(routes.weights(e), hidden))));
      }
    }
    return said;
  }

  private static Tensor ids(Tensor beside, int[] ids) {
    return beside.workspace().of(ids, ids.length);
  }

  /// Each row's weight, as wide as the row.
  private static Tensor weights(float[] weights, Tensor rows) {
    int width = rows.dim(1);
    float[] wide = new float[weights.length * width];
    for (int i = 0; i < weights.length; i++) {
      Arrays.fill(wide, i * width, (i + 1) * width, weights[i]);
    }
    Workspace w = rows.workspace();
    return w.activations(weights.length, width).copyFrom(w.of(wide, weights.length, width));
  }

  @Override
  public Device device() {
    return router.weight().device();
  }

  @Override
  public boolean isRecordable() {
    return false;
  }
}
