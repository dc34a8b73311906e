package org.internvl4j.media;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.util.Iterator;
import java.util.Locale;
import javax.imageio.spi.IIORegistry;
import javax.imageio.spi.ImageInputStreamSpi;
import javax.imageio.stream.FileCacheImageInputStream;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.jspecify.annotations.Nullable;

/// Watches pictures that another library decodes: its streams, which it hands to
/// `ImageIO.createImageInputStream`, become inputs that ask a [Watch], at every scan of a JPEG for
/// one. All methods may be called by many threads.
public final class WatchedStreams {
  private static final ScopedValue<Watch> WATCH = ScopedValue.newInstance();

  private WatchedStreams() {}

  /// Makes streams of a class watched, in this process and from now on, where there is a watch;
  /// elsewhere they are read as ever.
  ///
  /// @param kind a class of that library alone
  public static void register(Class<? extends InputStream> kind) {
    IIORegistry registry = IIORegistry.getDefaultInstance();
    ImageInputStreamSpi ours = new Spi(kind);
    registry.registerServiceProvider(ours, ImageInputStreamSpi.class);
    Iterator<ImageInputStreamSpi> others =
        registry.getServiceProviders(
            ImageInputStreamSpi.class,
            other -> ((ImageInputStreamSpi) other).getInputClass().isAssignableFrom(kind),
            false);
    while (others.hasNext()) {
      ImageInputStreamSpi other = others.next();
      if (!other.equals(ours)) {
        registry.setOrdering(ImageInputStreamSpi.class, ours, other);
      }
    }
  }

  /// Does work under a watch; only this thread is watched.
  ///
  /// @throws X what `work` throws
  public static <T, X extends Exception> T call(Watch watch, ScopedValue.CallableOp<T, X> work)
      throws X {
    return ScopedValue.where(WATCH, watch).call(work);
  }

  private static final class Spi extends ImageInputStreamSpi {
    Spi(Class<?> kind) {
      super("InternVL4J", "1", kind);
    }

    @Override
    public ImageInputStream createInputStreamInstance(
        Object input, boolean useCache, @Nullable File folder) throws IOException {
      InputStream stream = (InputStream) input;
      if (WATCH.isBound()) {
        byte[] bytes = stream.readAllBytes();
        boolean jpeg = isJpeg(bytes);
        int end = jpeg ? JpegScans.of(bytes).end() : bytes.length;
        return new WatchedInput(bytes, end, jpeg, WATCH.get());
      }
      return useCache
          ? new FileCacheImageInputStream(stream, folder)
          : new MemoryCacheImageInputStream(stream);
    }

    /// Also behind a line feed, as the library takes it.
    private static boolean isJpeg(byte[] bytes) {
      SourceFile file = new SourceFile("stream", bytes);
      return file.hasAt(0, "\u00ff\u00d8") || file.hasAt(1, "\u00ff\u00d8");
    }

    @Override
    public String getDescription(Locale locale) {
      return "streams whose decoding is watched";
    }
  }
}
