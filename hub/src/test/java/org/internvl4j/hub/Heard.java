package org.internvl4j.hub;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/// Writes down what a listener is told.
final class Heard implements PullListener {
  final List<String> events = new CopyOnWriteArrayList<>();
  final List<Step> steps = new ArrayList<>();
  final List<Duration> pauses = new ArrayList<>();

  @Override
  public void progress(Step step) {
    steps.add(step);
  }

  @Override
  public void finished(ListedFile file, boolean before) {
    events.add((before ? "has " : "pulled ") + file.path());
  }

  @Override
  public void waiting(ListedFile file) {
    events.add("waiting for " + file.path());
  }

  @Override
  public void retrying(String why, Duration pause) {
    events.add("again: " + why);
    pauses.add(pause);
  }
}
