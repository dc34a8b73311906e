/// Matrices that files keep in fewer bits than bf16, as numbers.
package org.internvl4j.loader.quantised;
