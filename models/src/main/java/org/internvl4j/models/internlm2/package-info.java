/// InternLM2 and InternLM2.5.
package org.internvl4j.models.internlm2;
