/// Qwen3, dense and with experts.
package org.internvl4j.models.qwen3;
