package outputname_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/shared/outputname"
)

func TestNamesAreEncodedAndShownAsTheyWere(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"stdout.log":                             "stdout.log",
		"a__x-y.tar.gz":                          "a__x-y.tar.gz",
		"report (1).pdf":                         "report~20~281~29.pdf",
		"résumé.txt":                             "r~C3~A9sum~C3~A9.txt",
		"broker.19:17:33.log":                    "broker.19~3A17~3A33.log",
		"a+b=c@d.csv":                            "a~2Bb~3Dc~40d.csv",
		".hidden":                                "~2Ehidden",
		"-rf":                                    "~2Drf",
		"logs/.hidden":                           "logs~2F.hidden",
		"a\\b":                                   "a~5Cb",
		"backup~":                                "backup~7E",
		"a~20b":                                  "a~7E20b",
		"two\nlines":                             "two~0Alines",
		"broken\xff":                             "broken~FF",
		"..":                                     "~2E.",
		"日本.log":                                 "~E6~97~A5~E6~9C~AC.log",
		strings.Repeat("n", outputname.MaxBytes): strings.Repeat("n", outputname.MaxBytes),
	} {
		got, err := outputname.Encode(file)
		if got != want || err != nil || outputname.Check(got) != nil || outputname.Decode(got) != file {
			t.Errorf("%q is encoded as %q (%v), which is shown as %q", file, got, err, outputname.Decode(got))
		}
	}
}

func TestNamesThatAreTooLongAreRefused(t *testing.T) {
	t.Parallel()
	for _, file := range []string{strings.Repeat("n", outputname.MaxBytes+1), strings.Repeat("é", outputname.MaxBytes/6+1)} {
		if name, err := outputname.Encode(file); !errors.Is(err, outputname.ErrLong) || name != "" {
			t.Errorf("%q is encoded as %q: %v", file, name, err)
		}
	}
}

func TestOnlyOneFormIsAName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"", ".", "..", "-a", ".a", "a/b", "a b", "é", "a\x00", "a\n", "a%20b",
		"~", "a~", "a~2", "a~2f", "a~zz", "a~41", "a~2E", "a~2D", "~5F", "~7e",
		strings.Repeat("n", outputname.MaxBytes+1), strings.Repeat("~20", outputname.MaxBytes/3+1),
	} {
		if outputname.Check(name) == nil {
			t.Errorf("%q is a name", name)
		}
		if got := outputname.Decode(name); got != name {
			t.Errorf("%q is shown as %q", name, got)
		}
	}
}

func TestTextAndDownloadNamesAreSafe(t *testing.T) {
	t.Parallel()
	for file, want := range map[string][2]string{
		"logs/résumé (1).txt":  {"logs/résumé (1).txt", "résumé (1).txt"},
		"broken\xff.txt":       {"broken\ufffd.txt", "broken\ufffd.txt"},
		"a\r\nSet-Cookie: x":   {"a\r\nSet-Cookie: x", "a__Set-Cookie_ x"},
		"invoice\u202efdp.exe": {"invoice\u202efdp.exe", "invoice_fdp.exe"},
		`C:\temp\"quoted".txt`: {`C:\temp\"quoted".txt`, "_quoted_.txt"},
		"dir/..":               {"dir/..", "_"},
		"/":                    {"/", "_"},
	} {
		name, err := outputname.Encode(file)
		if got := [2]string{outputname.Text(name), outputname.Download(name)}; got != want || err != nil {
			t.Errorf("%q is shown as %q (%v)", file, got, err)
		}
	}
}

func FuzzEncode(f *testing.F) {
	for _, seed := range []string{"stdout.log", "..", "a/b", "a\x00", "_", "é", "a~20b", "~2E"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file string) {
		name, err := outputname.Encode(file)
		if err == nil && (outputname.Check(name) != nil || outputname.Decode(name) != file) {
			t.Errorf("%q is encoded as %q, which is shown as %q", file, name, outputname.Decode(name))
		}
		if outputname.Check(file) != nil {
			return
		}
		if again, err := outputname.Encode(outputname.Decode(file)); again != file || err != nil {
			t.Errorf("%q is encoded again as %q: %v", file, again, err)
		}
	})
}
