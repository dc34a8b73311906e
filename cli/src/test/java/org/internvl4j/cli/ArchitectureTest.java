package org.internvl4j.cli;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasModifiers.Predicates.modifier;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Linker;
import java.lang.module.ModuleDescriptor;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.internvl4j.demo.DemoModel;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.DeviceProvider;
import org.internvl4j.runtime.Devices;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Which module may know which, and what none may do.
class ArchitectureTest {
  private static final String RUNTIME = "org.internvl4j.runtime..";
  private static final String KERNELS = "org.internvl4j.kernels..";
  private static final String LOADER = "org.internvl4j.loader..";
  private static final String HUB = "org.internvl4j.hub..";
  private static final String MODELS = "org.internvl4j.models..";
  private static final String SERVING = "org.internvl4j.serving..";
  private static final String BATCH = "org.internvl4j.batch..";
  private static final String SERVER = "org.internvl4j.server..";
  private static final String MEDIA = "org.internvl4j.media";
  private static final String VIDEO = "org.internvl4j.media.video..";
  private static final String PDF = "org.internvl4j.media.pdf..";
  private static final String PARQUET = "org.internvl4j.parquet..";
  private static final String LANGCHAIN4J = "org.internvl4j.langchain4j..";
  private static final String SEARCH = "org.internvl4j.search..";
  private static final String DEMO = "org.internvl4j.demo..";
  private static final String CLI = "org.internvl4j.cli..";
  private static final String JDK = "java..";
  private static final String NULL_MARKS = "org.jspecify..";
  private static final String VECTOR_API = "jdk.incubator.vector..";

  private static JavaClasses ours;

  @BeforeAll
  static void read() {
    ours =
        new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .withImportOption(location -> !location.contains("testkit"))
            .importPackages("org.internvl4j");
    List<String> parts =
        List.of(
            RUNTIME,
            KERNELS,
            LOADER,
            HUB,
            MODELS,
            SERVING,
            SERVER,
            LANGCHAIN4J,
            BATCH,
            SEARCH,
            MEDIA,
            VIDEO,
            PDF,
            PARQUET,
            DEMO,
            CLI);
    for (String part : parts) {
      assertThat(ours.that(resideInAnyPackage(part))).as(part).hasSizeGreaterThan(2);
    }
  }

  @Test
  void runtimeKnowsTheJdkAlone() {
    only(RUNTIME);
  }

  @Test
  void kernelsKnowRuntimeAlone() {
    only(KERNELS, RUNTIME, VECTOR_API);
  }

  @Test
  void loaderKnowsRuntimeAndOneJsonParser() {
    only(LOADER, RUNTIME, "tools.jackson.core..");
  }

  @Test
  void hubKnowsLoaderAndTheNetwork() {
    only(HUB, LOADER, "javax.net.ssl..");
  }

  @Test
  void modelsKnowNoDevice() {
    only(MODELS, RUNTIME, LOADER);
  }

  @Test
  void servingStandsOnModelsAndKnowsNoProtocol() {
    only(SERVING, MODELS);
  }

  @Test
  void batchStandsOnServing() {
    only(BATCH, LOADER, MODELS, SERVING, MEDIA, PARQUET);
  }

  @Test
  void serverStandsOnServing() {
    only(
        SERVER,
        SERVING,
        MODELS,
        MEDIA,
        VIDEO,
        PDF,
        "org.internvl4j.loader.json..",
        "org.internvl4j.loader",
        "org.eclipse.jetty..",
        "io.micrometer..",
        "javax.net..",
        "javax.net.ssl..");
  }

  @Test
  void mediaAndDemoStandOnModels() {
    only(MEDIA, RUNTIME, LOADER, MODELS, "javax.imageio..", "com.twelvemonkeys..", "org.w3c.dom..");
    only(DEMO, RUNTIME, LOADER, MODELS, MEDIA);
  }

  @Test
  void videoAndPdfKnowTheirLibraryAlone() {
    only(VIDEO, MODELS, "org.jcodec..");
    only(PDF, MODELS, MEDIA, "org.apache.pdfbox..");
  }

  @Test
  void parquetKnowsTheJdkAlone() {
    only(PARQUET);
  }

  @Test
  void langchain4jStandsOnServingAndMedia() {
    only(LANGCHAIN4J, LOADER, MODELS, MEDIA, SERVING, "dev.langchain4j..");
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage(LANGCHAIN4J)
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.langchain4j.."));
  }

  @Test
  void searchStandsOnMediaAndAloneKnowsLucene() {
    only(SEARCH, RUNTIME, LOADER, MODELS, MEDIA, "org.apache.lucene..");
    check(
        noClasses()
            .that()
            .haveNameNotMatching("org\\.internvl4j\\.search\\.Graph(\\$.*)?")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.apache.lucene.."));
  }

  /// Classes of `part` depend on itself, `others`, the JDK's `java` packages and null marks, on
  /// nothing else.
  private static void only(String part, String... others) {
    List<String> allowed = new ArrayList<>(List.of(others));
    allowed.addAll(List.of(part, JDK, NULL_MARKS));
    check(
        classes()
            .that()
            .resideInAPackage(part)
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(allowed.toArray(String[]::new)));
  }

  @Test
  void onlyCpuKernelsKnowTheVectorApi() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage("org.internvl4j.kernels.cpu..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage(VECTOR_API));
  }

  @Test
  void providersHaveNoVectorTypes() {
    check(
        noClasses()
            .that()
            .implement(DeviceProvider.class)
            .should()
            .dependOnClassesThat()
            .resideInAPackage(VECTOR_API));
  }

  @Test
  void threeClassesStartProcesses() {
    check(
        noClasses()
            .that()
            .areNotAssignableTo(Relaunch.class)
            .and()
            .doNotHaveFullyQualifiedName("org.internvl4j.media.video.Ffmpeg")
            .and()
            .doNotHaveFullyQualifiedName("org.internvl4j.media.pdf.IsolatedPdf")
            .should()
            .dependOnClassesThat()
            .areAssignableTo(ProcessBuilder.class)
            .orShould()
            .callMethod(Runtime.class, "exec", String[].class)
            .orShould()
            .callMethod(Runtime.class, "exec", String.class));
  }

  @Test
  void nothingIsDeserialised() {
    check(
        noClasses()
            .should()
            .dependOnClassesThat()
            .haveNameMatching("java\\.io\\.(ObjectInputStream|Externalizable)|.*\\.XMLDecoder"));
  }

  @Test
  void librariesDoNotWriteToStandardStreams() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage(CLI)
            .should()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err")
            .orShould()
            .callMethod(Throwable.class, "printStackTrace"));
    check(
        noClasses()
            .that()
            .resideInAPackage(CLI)
            .and()
            .doNotHaveSimpleName("Console")
            .should()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err"));
  }

  @Test
  void onlyMainClassesEndTheProcess() {
    check(
        noClasses()
            .that()
            .areNotAssignableTo(Main.class)
            .and()
            .doNotHaveFullyQualifiedName("org.internvl4j.media.pdf.PdfProcess")
            .should()
            .callMethod(System.class, "exit", int.class)
            .orShould()
            .callMethod(Runtime.class, "halt", int.class));
  }

  @Test
  void noReflectionNoUnsafe() {
    check(
        noClasses()
            .should()
            .dependOnClassesThat()
            .haveNameMatching(
                "java\\.lang\\.reflect\\.(Method|Field|Constructor|Proxy)|sun\\..*|jdk\\.internal\\..*"));
  }

  @Test
  void onlyHubAndServerKnowTheNetwork() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage("org.internvl4j.server.source..")
            .should()
            .dependOnClassesThat()
            .haveNameMatching(
                "java\\.net\\.(Socket|ServerSocket|URLConnection|HttpURLConnection)"));
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage(HUB)
            .should()
            .dependOnClassesThat()
            .resideInAPackage("java.net.http.."));
  }

  /// On the way of the CPU two classes call native code: `madvise` where there is one, and code of
  /// our own.
  @Test
  void nativeCodeIsCalledForGpusAndByTwoClasses() {
    check(
        noClasses()
            .that()
            .doNotHaveFullyQualifiedName("org.internvl4j.loader.PageAdvice$Native")
            .and()
            .doNotHaveFullyQualifiedName("org.internvl4j.kernels.asm.CodeMemory")
            .and()
            .resideOutsideOfPackage("org.internvl4j.kernels.cuda")
            .should()
            .dependOnClassesThat()
            .areAssignableTo(Linker.class));
  }

  @Test
  void devicesDoNotSeeEachOther() {
    check(
        noClasses()
            .that()
            .resideInAPackage("org.internvl4j.kernels.cuda..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.internvl4j.kernels.cpu.."));
    check(
        noClasses()
            .that()
            .resideInAPackage("org.internvl4j.kernels.cpu..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.internvl4j.kernels.cuda.."));
  }

  @Test
  void machineCodeKnowsNoTensors() {
    check(
        noClasses()
            .that()
            .resideInAPackage("org.internvl4j.kernels.asm..")
            .should()
            .dependOnClassesThat(
                resideInAPackage("org.internvl4j..")
                    .and(not(resideInAPackage("org.internvl4j.kernels.asm..")))));
    check(
        noClasses()
            .that()
            .resideInAPackage("org.internvl4j.kernels.emitted..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.internvl4j.kernels.cpu..", "org.internvl4j.kernels.cuda.."));
  }

  @Test
  void picturesAreDecodedInMediaAlone() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage(MEDIA)
            .should()
            .dependOnClassesThat()
            .resideInAPackage("javax.imageio.."));
  }

  @Test
  void modelsNeverRequiresKernelsWhichExportPointersAlone() throws IOException {
    assertThat(requires(VisionLanguageModel.class)).doesNotContain("org.internvl4j.kernels");
    assertThat(requires(Checkpoint.class)).doesNotContain("org.internvl4j.kernels");
    assertThat(requires(Pictures.class)).doesNotContain("org.internvl4j.kernels");
    assertThat(requires(DemoModel.class)).doesNotContain("org.internvl4j.kernels");
    assertThat(requires(Device.class)).containsExactlyInAnyOrder("java.base", "org.jspecify");
    Class<?> cpu =
        Devices.providers().stream()
            .filter(provider -> provider.name().equals("cpu"))
            .findFirst()
            .orElseThrow()
            .getClass();
    assertThat(descriptor(cpu).exports().stream().map(ModuleDescriptor.Exports::source))
        .containsExactly("org.internvl4j.kernels.cuda");
    assertThat(
            ours
                .that(resideInAnyPackage("org.internvl4j.kernels.cuda"))
                .that(modifier(JavaModifier.PUBLIC))
                .stream()
                .map(JavaClass::getSimpleName))
        .containsExactlyInAnyOrder("CudaPointers", "CudaProvider");
  }

  private static List<String> requires(Class<?> inside) throws IOException {
    return descriptor(inside).requires().stream().map(ModuleDescriptor.Requires::name).toList();
  }

  /// The module-info that lies beside a class, though tests run on the class path.
  private static ModuleDescriptor descriptor(Class<?> inside) throws IOException {
    String file = inside.getName().replace('.', '/') + ".class";
    String found = String.valueOf(inside.getResource("/" + file));
    try (InputStream in =
        URI.create(found.replace(file, "module-info.class")).toURL().openStream()) {
      return ModuleDescriptor.read(in);
    }
  }

  private static void check(ArchRule rule) {
    rule.check(ours);
  }
}
