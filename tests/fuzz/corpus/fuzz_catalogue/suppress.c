f(); // concur: ignore[a,b] why
/* concur: ignore[*] x */
"// \"" // NOLINT(concur-a): y
// NOLINTNEXTLINE(concur-b) z
g();
