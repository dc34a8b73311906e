package org.internvl4j.media.video;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.internvl4j.models.image.Picture;

/// A file that ffmpeg decodes.
final class FfmpegVideo implements Video {
  private static final int MOST_FACTS = 1000;
  private static final double USUAL_RATE = 25;

  private final Ffmpeg ffmpeg;
  private final Path file;
  private final String name;
  private final VideoOptions options;
  private final Facts facts;

  /// What ffprobe tells.
  private record Facts(
      String codec, int width, int height, int frames, double rate, int quarterTurns) {}

  /// What ffprobe says, and how many frames are shown.
  private record Told(Map<String, String> values, int frames) {}

  private FfmpegVideo(Ffmpeg ffmpeg, Path file, String name, VideoOptions options, Facts facts) {
    this.ffmpeg = ffmpeg;
    this.file = file;
    this.name = name;
    this.options = options;
    this.facts = facts;
  }

  /// Asks ffprobe what the file is.
  static FfmpegVideo open(Ffmpeg ffmpeg, Path file, String name, VideoOptions options) {
    List<String> probe =
        new ArrayList<>(
            List.of(
                "-select_streams",
                "V:0",
                "-show_entries",
                "packet=flags:stream=codec_name,width,height,avg_frame_rate"
                    + ":stream_side_data=rotation",
                "-of",
                "flat"));
    probe.addAll(Ffmpeg.input(file));
    Told told = Ffmpeg.run(ffmpeg.ffprobe(), probe, name, options, out -> read(out, options));
    Facts facts = facts(name, told.values(), told.frames());
    options.check(name, facts.width(), facts.height(), facts.frames());
    return new FfmpegVideo(ffmpeg, file, name, options, facts);
  }

  /// Reads lines like `streams.stream.0.width=640`, and one like `packets.packet.0.flags="K__"` for
  /// each coded frame, with a D in it if it is not shown.
  private static Told read(InputStream out, VideoOptions options) throws IOException {
    BufferedReader lines = new BufferedReader(new InputStreamReader(out, StandardCharsets.UTF_8));
    Map<String, String> values = new HashMap<>();
    int frames = 0;
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      int is = line.indexOf('=');
      String key = is < 0 ? "" : line.substring(line.lastIndexOf('.', is) + 1, is);
      String value = line.substring(is + 1).replace("\"", "");
      if (key.equals("flags")) {
        frames += value.contains("D") ? 0 : 1;
      } else if (values.size() < MOST_FACTS) {
        values.putIfAbsent(key, value);
      }
      if (frames > options.maxFrames()) {
        break; // too many, and enough is known
      }
    }
    return new Told(values, frames);
  }

  private static Facts facts(String name, Map<String, String> values, int frames) {
    if (!values.containsKey("width")) {
      throw new VideoException(name + ": ffmpeg finds no pictures in it, expected a video");
    }
    String[] rate = values.getOrDefault("avg_frame_rate", "0/0").split("/", 2);
    double perSecond = number(rate[0]) / (rate.length > 1 ? number(rate[1]) : 1);
    int rotation = (int) number(values.getOrDefault("rotation", "0")); // counter-clockwise
    return new Facts(
        values.getOrDefault("codec_name", "unknown"),
        (int) number(values.getOrDefault("width", "")),
        (int) number(values.getOrDefault("height", "")),
        frames,
        perSecond > 0 && Double.isFinite(perSecond) ? perSecond : USUAL_RATE,
        rotation % 90 == 0 ? Math.floorMod(-rotation / 90, 4) : 0);
  }

  private static double number(String text) {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  @Override
  public int frameCount() {
    return facts.frames();
  }

  @Override
  public double framesPerSecond() {
    return facts.rate();
  }

  @Override
  public int width() {
    return facts.quarterTurns() % 2 == 0 ? facts.width() : facts.height();
  }

  @Override
  public int height() {
    return facts.quarterTurns() % 2 == 0 ? facts.height() : facts.width();
  }

  @Override
  public String decoder() {
    return "ffmpeg (" + facts.codec() + ")";
  }

  @Override
  public List<Picture> frames(int[] indices, FrameListener listener) {
    int[] wanted = Wanted.of(indices, this, name, options);
    if (wanted.length == 0) {
      return List.of();
    }
    Map<Integer, Picture> pictures =
        Ffmpeg.run(
            ffmpeg.ffmpeg(),
            command(wanted),
            name,
            options,
            out -> pictures(out, wanted, listener));
    if (pictures.size() < wanted.length) {
      throw new VideoException(
          "%s: the header says %d frames, but frame %d cannot be decoded; the file is damaged or cut off"
              .formatted(name, frameCount(), wanted[pictures.size()]));
    }
    return Wanted.inOrder(indices, pictures);
  }

  /// Wanted frames alone are converted and written; they get new times, one a 25th of a second, so
  /// that none is doubled or dropped.
  private List<String> command(int[] wanted) {
    String select =
        IntStream.of(wanted).mapToObj(n -> "eq(n\\," + n + ")").collect(Collectors.joining("+"));
    List<String> command = new ArrayList<>(List.of("-nostdin", "-noautorotate"));
    command.addAll(Ffmpeg.input(file));
    command.addAll(
        List.of(
            "-map",
            "0:V:0",
            "-an",
            "-sn",
            "-dn",
            "-vf",
            "select=" + select + ",settb=1/25,setpts=N,scale=" + size(),
            "-r",
            "25",
            "-frames:v",
            String.valueOf(wanted.length),
            "-pix_fmt",
            "rgb24",
            "-f",
            "rawvideo",
            "pipe:1"));
    return command;
  }

  /// Should frames change their size, each comes in that of the header.
  private String size() {
    return facts.width() + ":" + facts.height();
  }

  private Map<Integer, Picture> pictures(InputStream out, int[] wanted, FrameListener listener)
      throws IOException {
    int bytes = 3 * facts.width() * facts.height();
    Map<Integer, Picture> pictures = new HashMap<>();
    for (int frame : wanted) {
      byte[] rgb = out.readNBytes(bytes);
      if (rgb.length < bytes) {
        break;
      }
      Picture picture = Picture.ofRgb(facts.width(), facts.height(), rgb);
      pictures.put(frame, QuarterTurn.turned(picture, facts.quarterTurns()));
      listener.decoded(pictures.size(), wanted.length);
    }
    return pictures;
  }

  @Override
  public void close() {}
}
