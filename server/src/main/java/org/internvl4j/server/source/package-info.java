/// Where the pictures of a request come from: its own text, allowed hosts, one folder. What the
/// text of a request can reach is decided here and nowhere else.
package org.internvl4j.server.source;
