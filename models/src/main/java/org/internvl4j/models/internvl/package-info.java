/// InternVL: the vision tower, the projector, and how they meet a decoder.
package org.internvl4j.models.internvl;
