/// The engine over HTTP.
package org.internvl4j.server;
