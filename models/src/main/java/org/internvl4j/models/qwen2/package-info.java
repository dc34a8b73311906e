/// Qwen2 and Qwen2.5.
package org.internvl4j.models.qwen2;
