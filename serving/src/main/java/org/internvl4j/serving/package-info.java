/// The engine that answers many requests at once, without any protocol in it.
package org.internvl4j.serving;
