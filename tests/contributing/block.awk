# The block of C in a Markdown file that has `want` in it.
/^```c$/ { inside = 1; text = ""; next }
/^```$/ { if (inside && index (text, want)) printf "%s", text; inside = 0 }
inside { text = text $0 "\n" }
