package org.internvl4j.cli;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.DeviceException;
import org.internvl4j.runtime.DeviceProvider;
import org.internvl4j.runtime.Devices;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;

@Command(
    name = "doctor",
    description =
        "Shows what this machine offers and what is in the way. Fails if no device can compute.")
final class DoctorCommand implements Computing {
  private static final Runtime.Version FIRST_SAFE = Runtime.Version.parse("25.0.3");

  private final Console console;

  DoctorCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    Logging.to(console);
    java();
    memory();
    tell("cores", Integer.toString(Runtime.getRuntime().availableProcessors()), null);
    boolean any = false;
    for (DeviceProvider provider : Devices.providers()) {
      any |= devices(provider);
    }
    tell(
        "pictures here",
        console.hasColours()
            ? TerminalPicture.protocol(console.environment()).name().toLowerCase(Locale.ROOT)
            : "none, stdout is no colour terminal",
        null);
    return any ? ExitCodes.OK : ExitCodes.FAILED;
  }

  private void java() {
    Runtime.Version version = Runtime.version();
    tell(
        "java",
        version
            + " ("
            + System.getProperty("java.vendor")
            + "), "
            + System.getProperty("java.home"),
        version.compareToIgnoreOptional(FIRST_SAFE) < 0
            ? "with the G1 collector, versions before 25.0.3 may move arrays that native code uses; update"
            : null);
    tell("system", System.getProperty("os.name") + ", " + System.getProperty("os.arch"), null);
    boolean vector = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    tell(
        "vector api",
        vector ? "enabled" : "absent",
        vector ? null : "start java with --add-modules jdk.incubator.vector, or use the launcher");
    boolean nativeAccess = DoctorCommand.class.getModule().isNativeAccessEnabled();
    tell(
        "native access",
        nativeAccess ? "enabled" : "absent",
        nativeAccess ? null : "start java with --enable-native-access=ALL-UNNAMED");
  }

  private void memory() {
    String heap = "Java heap at most " + Sizes.bytes(Runtime.getRuntime().maxMemory());
    if (ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system) {
      tell(
          "memory",
          "%s, %s free; %s"
              .formatted(
                  Sizes.bytes(system.getTotalMemorySize()),
                  Sizes.bytes(system.getFreeMemorySize()),
                  heap),
          null);
    } else {
      tell("memory", heap, null);
    }
  }

  private boolean devices(DeviceProvider provider) {
    String why = provider.unavailable();
    if (why != null) {
      tell("device " + provider.name(), "not available", why);
      return false;
    }
    boolean any = false;
    int count = provider.count();
    for (int i = 0; i < count; i++) {
      any |= device(provider, i, "device " + provider.name() + (count == 1 ? "" : ":" + i));
    }
    return any;
  }

  private boolean device(DeviceProvider provider, int index, String name) {
    try (Device device = provider.open(0, index)) {
      tell(name, device.description(), device.remark());
      String check = device.selfCheck();
      if (check != null) {
        tell("", check, null);
      }
      return true;
    } catch (DeviceException e) {
      tell(name, "not usable", e.getMessage());
      return false;
    }
  }

  private void tell(String name, String value, @Nullable String advice) {
    console.out().println(console.bold("%-18s".formatted(name)) + " " + value);
    if (advice != null) {
      console.out().println(" ".repeat(19) + "→ " + advice);
    }
  }
}
