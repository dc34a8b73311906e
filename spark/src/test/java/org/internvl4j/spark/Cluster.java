package org.internvl4j.spark;

import java.io.File;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;

/// A standalone cluster of processes: a master and workers, made of the jars of this test's class
/// path as Spark's own scripts make it of a distribution.
final class Cluster implements AutoCloseable {
  private final Path home;
  private final Path files;
  private final Path java;
  private final int port;
  private final List<Process> workers = new ArrayList<>();
  private @Nullable Process master;

  private Cluster(Path home, Path files, Path java, int port) {
    this.home = home;
    this.files = files;
    this.java = java;
    this.port = port;
  }

  /// @param folder where its files go
  static Cluster start(Path folder, int workers, int cores) throws Exception {
    return start(folder, Path.of(System.getProperty("java.home")), workers, cores);
  }

  /// @param java the home of the Java that executors run on
  static Cluster start(Path folder, Path java, int workers, int cores) throws Exception {
    Path files = Files.createDirectories(folder.resolve("cluster"));
    Cluster cluster = new Cluster(SparkHome.make(), files, java, freePort());
    cluster.master =
        cluster.daemon(
            List.of(),
            "master",
            "org.apache.spark.deploy.master.Master",
            "--host",
            "127.0.0.1",
            "--port",
            String.valueOf(cluster.port),
            "--webui-port",
            "0");
    for (int i = 0; i < workers; i++) {
      cluster.addWorker(cores);
    }
    return cluster;
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  void addWorker(int cores) throws IOException {
    addWorker(cores, List.of());
  }

  /// A worker with one core, which its executor has, too, and no other.
  ///
  /// @param core its number
  void addPinned(int core) throws IOException {
    addWorker(1, List.of("taskset", "-c", String.valueOf(core)));
  }

  private void addWorker(int cores, List<String> within) throws IOException {
    String name = "worker" + workers.size();
    workers.add(
        daemon(
            within,
            name,
            "org.apache.spark.deploy.worker.Worker",
            "--host",
            "127.0.0.1",
            "--webui-port",
            "0",
            "--cores",
            String.valueOf(cores),
            "--memory",
            "2g",
            "--work-dir",
            files.resolve(name).toString(),
            url()));
  }

  private Process daemon(List<String> within, String name, String main, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>(within);
    command.add(SparkHome.java().toString());
    command.add("-Xmx256m");
    command.add("-XX:+UseSerialGC");
    command.addAll(List.of(System.getProperty("internvl4j.spark.jvm").split(" ", -1)));
    command.addAll(List.of("-cp", home.resolve("jars") + File.separator + "*", main));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.redirectOutput(files.resolve(name + ".log").toFile());
    builder.environment().put("SPARK_HOME", home.toString());
    builder.environment().put("SPARK_SCALA_VERSION", "2.13");
    builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
    builder.environment().put("JAVA_HOME", java.toString());
    return builder.start();
  }

  /// Where its distribution lies.
  Path home() {
    return home;
  }

  String url() {
    return "spark://127.0.0.1:" + port;
  }

  /// An application whose executors have this test's classes.
  ///
  /// @param flags of their JVMs
  SparkSession.Builder session(String flags) {
    return SparkSession.builder()
        .master(url())
        .appName("internvl")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.executor.cores", "1")
        .config("spark.executor.memory", "1g")
        .config("spark.executor.extraClassPath", System.getProperty("java.class.path"))
        .config("spark.executor.extraJavaOptions", flags)
        .config("spark.sql.files.maxPartitionBytes", "64k")
        .config("spark.sql.warehouse.dir", files.resolve("warehouse").toString());
  }

  /// Kills a worker and the executors that it has started.
  void kill(int worker) throws InterruptedException {
    Process process = workers.get(worker);
    List<ProcessHandle> executors = process.descendants().toList();
    process.destroyForcibly().waitFor();
    executors.forEach(ProcessHandle::destroyForcibly);
  }

  /// What executors said.
  List<String> executorLogs() throws IOException {
    List<String> logs = new ArrayList<>();
    try (Stream<Path> all = Files.walk(files)) {
      for (Path file : all.filter(f -> f.endsWith("stderr")).toList()) {
        logs.add(Files.readString(file));
      }
    }
    return logs;
  }

  @Override
  public void close() {
    List<Process> all = new ArrayList<>(workers);
    if (master != null) {
      all.add(master);
    }
    for (Process process : all) {
      List<ProcessHandle> below = process.descendants().toList();
      process.destroyForcibly();
      below.forEach(ProcessHandle::destroyForcibly);
    }
  }
}
