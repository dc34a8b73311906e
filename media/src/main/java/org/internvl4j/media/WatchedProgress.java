package org.internvl4j.media;

import javax.imageio.ImageReader;
import javax.imageio.event.IIOReadProgressListener;

/// Asks a [Watch] whenever a reader has got on, on the reader's own thread: what it throws ends the
/// reading, of native readers, too.
///
/// @param watch is asked
record WatchedProgress(Watch watch) implements IIOReadProgressListener {
  @Override
  public void imageStarted(ImageReader source, int index) {
    watch.look();
  }

  @Override
  public void imageProgress(ImageReader source, float percentageDone) {
    watch.look();
  }

  @Override
  public void imageComplete(ImageReader source) {}

  @Override
  public void sequenceStarted(ImageReader source, int first) {}

  @Override
  public void sequenceComplete(ImageReader source) {}

  @Override
  public void thumbnailStarted(ImageReader source, int image, int thumbnail) {}

  @Override
  public void thumbnailProgress(ImageReader source, float percentageDone) {}

  @Override
  public void thumbnailComplete(ImageReader source) {}

  @Override
  public void readAborted(ImageReader source) {}
}
