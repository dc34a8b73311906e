/// InternVL-14B: pictures and texts in one space, and captions.
package org.internvl4j.models.contrastive;
