/// Phi-3.
package org.internvl4j.models.phi3;
