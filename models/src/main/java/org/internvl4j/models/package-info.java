/// InternVL models: loading, chatting, streaming.
package org.internvl4j.models;
