/// The Llama family: Llama, Yi, Vicuna, Hermes.
package org.internvl4j.models.llama;
