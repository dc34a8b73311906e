/// From a conversation to the text that a model was trained to continue.
package org.internvl4j.models.chat;
