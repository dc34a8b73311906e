/// The verbs of the command line and what they share.
package org.internvl4j.cli;
