package org.internvl4j.models.heads;

import java.util.Map;
import org.internvl4j.models.heads.HeadFiles.Values;

/// Segmentation heads written down from their equations: plain loops, everything in double, maps as
/// PyTorch has them, `[C, h, w]`.
public final class ReferenceHeads {
  private ReferenceHeads() {}

  /// A map of channels.
  public record Map3(double[] v, int c, int h, int w) {
    public Map3(int c, int h, int w) {
      this(new double[c * h * w], c, h, w);
    }

    /// Of `[C, h, w]`.
    public static Map3 of(Values values) {
      int[] s = values.shape();
      Map3 m = new Map3(s[0], s[1], s[2]);
      for (int i = 0; i < m.v.length; i++) {
        m.v[i] = values.values()[i];
      }
      return m;
    }

    /// Of `[h, w, C]`.
    public static Map3 ofPixels(float[] pixels, int h, int w, int c) {
      Map3 m = new Map3(c, h, w);
      for (int i = 0; i < pixels.length; i++) {
        m.v[i % c * h * w + i / c] = pixels[i];
      }
      return m;
    }

    double at(int k, int y, int x) {
      return y < 0 || x < 0 || y >= h || x >= w ? 0 : v[(k * h + y) * w + x];
    }

    void set(int k, int y, int x, double value) {
      v[(k * h + y) * w + x] = value;
    }
  }

  /// What a map is made into, element by element.
  private interface Each {
    double at(int k, int y, int x);
  }

  private static Map3 each(int c, int h, int w, Each each) {
    Map3 m = new Map3(c, h, w);
    for (int k = 0; k < c; k++) {
      for (int y = 0; y < h; y++) {
        for (int x = 0; x < w; x++) {
          m.set(k, y, x, each.at(k, y, x));
        }
      }
    }
    return m;
  }

  static Map3 conv(Map3 m, Values weight, float[] bias) {
    int kernel = weight.shape()[2];
    int half = kernel / 2;
    return each(
        weight.shape()[0],
        m.h,
        m.w,
        (o, y, x) -> {
          double sum = bias.length == 0 ? 0 : bias[o];
          for (int i = 0; i < m.c; i++) {
            for (int dy = 0; dy < kernel; dy++) {
              for (int dx = 0; dx < kernel; dx++) {
                double f = weight.values()[((o * m.c + i) * kernel + dy) * kernel + dx];
                sum += f * m.at(i, y + dy - half, x + dx - half);
              }
            }
          }
          return sum;
        });
  }

  static Map3 batchNorm(Map3 m, Map<String, Values> w, String path) {
    float[] gamma = w.get(path + ".weight").values();
    float[] beta = w.get(path + ".bias").values();
    float[] mean = w.get(path + ".running_mean").values();
    float[] variance = w.get(path + ".running_var").values();
    return each(
        m.c,
        m.h,
        m.w,
        (k, y, x) ->
            (m.at(k, y, x) - mean[k]) / Math.sqrt(variance[k] + 1e-5) * gamma[k] + beta[k]);
  }

  /// Convolution, BatchNorm and ReLU.
  static Map3 module(Map3 m, Map<String, Values> w, String path) {
    Map3 n = batchNorm(conv(m, w.get(path + ".conv.weight"), new float[0]), w, path + ".bn");
    return each(n.c, n.h, n.w, (k, y, x) -> Math.max(0, n.at(k, y, x)));
  }

  static Map3 deconv(Map3 m, Map<String, Values> w, String path) {
    Values weight = w.get(path + ".weight");
    int out = weight.shape()[1];
    return each(
        out,
        2 * m.h,
        2 * m.w,
        (o, y, x) -> {
          double sum = w.get(path + ".bias").values()[o];
          for (int i = 0; i < m.c; i++) {
            double f = weight.values()[((i * out + o) * 2 + y % 2) * 2 + x % 2];
            sum += f * m.at(i, y / 2, x / 2);
          }
          return sum;
        });
  }

  static Map3 layerNorm(Map3 m, float[] weight, float[] bias) {
    return each(
        m.c,
        m.h,
        m.w,
        (k, y, x) -> {
          double mean = 0;
          double square = 0;
          for (int i = 0; i < m.c; i++) {
            mean += m.at(i, y, x) / m.c;
          }
          for (int i = 0; i < m.c; i++) {
            square += Math.pow(m.at(i, y, x) - mean, 2) / m.c;
          }
          return (m.at(k, y, x) - mean) / Math.sqrt(square + 1e-6) * weight[k] + bias[k];
        });
  }

  /// `x · Φ(x)`, Φ by Simpson's rule.
  static double gelu(double x) {
    int steps = 2000;
    double h = x / steps;
    double sum = 0;
    for (int i = 0; i <= steps; i++) {
      int times = i == 0 || i == steps ? 1 : i % 2 == 1 ? 4 : 2;
      sum += times * Math.exp(-i * h * i * h / 2);
    }
    return x * (0.5 + sum * h / 3 / Math.sqrt(2 * Math.PI));
  }

  static Map3 maxPool(Map3 m) {
    return each(
        m.c,
        m.h / 2,
        m.w / 2,
        (k, y, x) ->
            Math.max(
                Math.max(m.at(k, 2 * y, 2 * x), m.at(k, 2 * y, 2 * x + 1)),
                Math.max(m.at(k, 2 * y + 1, 2 * x), m.at(k, 2 * y + 1, 2 * x + 1))));
  }

  static Map3 adaptiveMean(Map3 m, int bins) {
    return each(
        m.c,
        bins,
        bins,
        (k, i, j) -> {
          double sum = 0;
          int count = 0;
          for (int y = 0; y < m.h; y++) {
            for (int x = 0; x < m.w; x++) {
              boolean inside =
                  (y + 1) * bins > i * m.h
                      && y * bins < (i + 1) * m.h
                      && (x + 1) * bins > j * m.w
                      && x * bins < (j + 1) * m.w;
              sum += inside ? m.at(k, y, x) : 0;
              count += inside ? 1 : 0;
            }
          }
          return sum / count;
        });
  }

  /// Bilinear, half-pixel centres.
  public static Map3 resize(Map3 m, int h, int w) {
    return each(
        m.c,
        h,
        w,
        (k, y, x) -> {
          double v = Math.max(0, (y + 0.5) * m.h / h - 0.5);
          double u = Math.max(0, (x + 0.5) * m.w / w - 0.5);
          int top = (int) v;
          int left = (int) u;
          int bottom = Math.min(top + 1, m.h - 1);
          int right = Math.min(left + 1, m.w - 1);
          double above = (1 - u + left) * m.at(k, top, left) + (u - left) * m.at(k, top, right);
          double below =
              (1 - u + left) * m.at(k, bottom, left) + (u - left) * m.at(k, bottom, right);
          return (1 - v + top) * above + (v - top) * below;
        });
  }

  static Map3 joined(Map3... maps) {
    int channels = 0;
    for (Map3 m : maps) {
      channels += m.c;
    }
    Map3 all = new Map3(channels, maps[0].h, maps[0].w);
    int at = 0;
    for (Map3 m : maps) {
      System.arraycopy(m.v, 0, all.v, at, m.v.length);
      at += m.v.length;
    }
    return all;
  }

  static Map3 sum(Map3 a, Map3 b) {
    return each(a.c, a.h, a.w, (k, y, x) -> a.at(k, y, x) + b.at(k, y, x));
  }

  // ---- whole heads

  /// Logits of the linear head.
  public static Map3 linear(Map3 level, Map<String, Values> w) {
    Map3 n = batchNorm(level, w, "decode_head.norm");
    return conv(
        n, w.get("decode_head.conv_seg.weight"), w.get("decode_head.conv_seg.bias").values());
  }

  /// Logits of UperNet.
  public static Map3 uperNet(Map3[] levels, Map<String, Values> w) {
    Map3 up1 =
        layerNorm(
            deconv(levels[0], w, "backbone.up1.0"),
            w.get("backbone.up1.1.weight").values(),
            w.get("backbone.up1.1.bias").values());
    Map3 active = each(up1.c, up1.h, up1.w, (k, y, x) -> gelu(up1.at(k, y, x)));
    Map3[] maps = {
      deconv(active, w, "backbone.up1.3"),
      deconv(levels[1], w, "backbone.up2.0"),
      levels[2],
      maxPool(levels[3])
    };
    Map3 top = maps[3];
    Map3[] parts = {top, top, top, top, top};
    int[] bins = {1, 2, 3, 6};
    for (int i = 0; i < 4; i++) {
      Map3 pooled = module(adaptiveMean(top, bins[i]), w, "decode_head.psp_modules." + i + ".1");
      parts[i + 1] = resize(pooled, top.h, top.w);
    }
    maps[3] = module(joined(parts), w, "decode_head.bottleneck");
    for (int i = 2; i >= 0; i--) {
      Map3 lateral = module(maps[i], w, "decode_head.lateral_convs." + i);
      maps[i] = sum(lateral, resize(maps[i + 1], lateral.h, lateral.w));
    }
    for (int i = 0; i < 3; i++) {
      maps[i] = module(maps[i], w, "decode_head.fpn_convs." + i);
    }
    for (int i = 1; i < 4; i++) {
      maps[i] = resize(maps[i], maps[0].h, maps[0].w);
    }
    Map3 y = module(joined(maps), w, "decode_head.fpn_bottleneck");
    return conv(
        y, w.get("decode_head.conv_seg.weight"), w.get("decode_head.conv_seg.bias").values());
  }
}
