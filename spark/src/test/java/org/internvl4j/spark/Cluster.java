package org.internvl4j.spark;

import java.io.File;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.SparkSession;

/// A standalone cluster of processes: a master and workers, made of the jars of this test's class
/// path as Spark's own scripts make it of a distribution.
final class Cluster implements AutoCloseable {
  private final Path home;
  private final Path java;
  private final int port;
  private final Process master;
  private final List<Process> workers = new ArrayList<>();

  private Cluster(Path home, Path java, int port, Process master) {
    this.home = home;
    this.java = java;
    this.port = port;
    this.master = master;
  }

  /// @param folder where its files go
  static Cluster start(Path folder, int workers, int cores) throws Exception {
    return start(folder, Path.of(System.getProperty("java.home")), workers, cores);
  }

  /// @param java the home of the Java that executors run on
  static Cluster start(Path folder, Path java, int workers, int cores) throws Exception {
    Path home = Files.createDirectories(folder.resolve("spark"));
    Path jars = Files.createDirectories(home.resolve("jars"));
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      if (entry.endsWith(".jar") && !entry.contains("internvl4j")) {
        Path jar = Path.of(entry);
        Files.createSymbolicLink(jars.resolve(jar.getFileName()), jar.toAbsolutePath());
      }
    }
    int port = freePort();
    Process master =
        daemon(
            home,
            java,
            "master",
            "org.apache.spark.deploy.master.Master",
            "--host",
            "127.0.0.1",
            "--port",
            String.valueOf(port),
            "--webui-port",
            "0");
    Cluster cluster = new Cluster(home, java, port, master);
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
    String name = "worker" + workers.size();
    workers.add(
        daemon(
            home,
            java,
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
            home.resolve(name).toString(),
            url()));
  }

  private static Process daemon(Path home, Path java, String name, String main, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(java());
    command.add("-Xmx256m");
    command.add("-XX:+UseSerialGC");
    command.addAll(List.of(System.getProperty("internvl4j.spark.jvm").split(" ", -1)));
    command.addAll(List.of("-cp", home.resolve("jars") + File.separator + "*", main));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.redirectOutput(home.resolve(name + ".log").toFile());
    builder.environment().put("SPARK_HOME", home.toString());
    builder.environment().put("SPARK_SCALA_VERSION", "2.13");
    builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
    builder.environment().put("JAVA_HOME", java.toString());
    return builder.start();
  }

  private static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
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
        .config("spark.sql.warehouse.dir", home.resolve("warehouse").toString());
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
    try (var files = Files.walk(home)) {
      for (Path file : files.filter(f -> f.endsWith("stderr")).toList()) {
        logs.add(Files.readString(file));
      }
    }
    return logs;
  }

  @Override
  public void close() {
    List<Process> all = new ArrayList<>(workers);
    all.add(master);
    for (Process process : all) {
      List<ProcessHandle> below = process.descendants().toList();
      process.destroyForcibly();
      below.forEach(ProcessHandle::destroyForcibly);
    }
  }
}
