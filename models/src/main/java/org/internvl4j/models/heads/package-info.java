/// Heads that were trained for InternViT: what is on a picture, and where.
package org.internvl4j.models.heads;
