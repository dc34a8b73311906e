/// What `bench/gpu/run` starts: kernels and models on inputs that another program has made, so that
/// it can hold their results against its own.
@org.jspecify.annotations.NullMarked
package org.internvl4j.bench.gpu;
