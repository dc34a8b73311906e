/// Boxes in answers: where the model says things are.
package org.internvl4j.models.grounding;
