package catalog

import (
	"strings"
	"sync"
)

// The sections of a file, in normal form and without plural.
const (
	settingSection = "setting"
	taskSection    = "task"
	testSection    = "testcase"
)

// sections are the names of sections, in normal form. Robot Framework translates them
// for files that declare a language, or for a run that sets one. A name means the same in
// each language that has it, so the language itself is not needed. The names are those of
// the user guide's appendix "Translations", for English, Czech, Dutch, Finnish, French,
// German, Italian, Polish, Portuguese, Spanish and Swedish.
var sections = words(map[string]string{
	settingSection: "Setting|Settings|Nastavení|Instellingen|Asetukset|Paramètres|Einstellungen|Impostazioni|Ustawienia|Configurações|Definições|Configuraciones|Inställningar",
	taskSection:    "Task|Tasks|Úlohy|Taken|Tehtävät|Tâches|Aufgaben|Attività|Zadania|Tarefas|Tareas|Taskar",
	testSection:    "Test Case|Test Cases|Testovací případy|Testgevallen|Testit|Unités de test|Testfälle|Casi Di Test|Przypadki Testowe|Casos de Teste|Casos de prueba|Testfall",
	"keyword":      "Keyword|Keywords|Klíčová slova|Actiewoorden|Avainsanat|Mots-clés|Schlüsselwörter|Parole Chiave|Słowa Kluczowe|Palavras-Chave|Palabras clave|Nyckelord",
	"variable":     "Variable|Variables|Proměnné|Variabelen|Muuttujat|Variablen|Variabili|Zmienne|Variáveis|Variabler",
	"comment":      "Comment|Comments|Komentáře|Opmerkingen|Kommentit|Commentaires|Kommentare|Commenti|Komentarze|Comentários|Comentarios|Kommentarer",
})

// settings are the names of the settings that are read, in the same languages.
var settings = words(map[string]string{
	"documentation": "Documentation|Dokumentace|Documentatie|Dokumentaatio|Dokumentation|Documentazione|Dokumentacja|Documentação|Documentación",
	"name":          "Name|Název|Naam|Nimi|Nom|Nome|Nazwa|Nombre|Namn",
	"metadata":      "Metadata|Metatiedot|Méta-donnée|Metadaten|Metadati|Metadane|Metadados|Metadatos",
	"defaulttags":   "Default Tags",
	"testtags": "Force Tags|Test Tags|Task Tags|Štítky testů|Štítky úloh|Testlabels|Taaklabels|Testin Tagit|Tehtävän Tagit|" +
		"Étiquette de test|Étiquette de tâche|Testmarker|Aufgabenmarker|Tag Del Test|Tag Dell'Attività|Znaczniki Testu|Znaczniki Zadania|" +
		"Etiquetas de Testes|Etiquetas de Tarefas|Etiquetas de la prueba|Etiquetas de las tareas|Test taggar|Arbetsuppgift taggar",
	"tags": "Tags|Štítky|Labels|Tagit|Étiquette|Marker|Tag|Znaczniki|Etiquetas|Taggar",
})

// words returns a function that returns the term of each name. The names of a term are separated by bars.
func words(names map[string]string) func() map[string]string {
	return sync.OnceValue(func() map[string]string { // most commands of the command line need none
		terms := map[string]string{}
		for term, all := range names {
			for name := range strings.SplitSeq(all, "|") {
				terms[normal(name)] = term
			}
		}
		return terms
	})
}
