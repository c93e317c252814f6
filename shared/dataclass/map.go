package dataclass

import (
	"maps"
	"slices"
)

// DataMap is the table of what may be done with each class, with the locations where
// data of the class is.
type DataMap struct {
	Classes   []ClassRow    `json:"classes" doc:"What may be done with each kind of data"`
	Locations []LocationRow `json:"locations" doc:"Every collection, bucket, topic, table and model feature that has data"`
}

// ClassRow is the rule of one class.
type ClassRow struct {
	Class    Class     `json:"class" class:"operational"`
	What     string    `json:"what" class:"operational" doc:"What the class is, for people"`
	Plain    []Place   `json:"plain" class:"operational" doc:"Places that may have it as it is"`
	Sealed   []Place   `json:"sealed" class:"operational" doc:"Places that may have it only encrypted by the application"`
	Keys     []Key     `json:"keys" class:"operational" doc:"What encrypts it where it is stored"`
	Readers  []string  `json:"readers" class:"operational" doc:"Roles that an API may show it to"`
	Model    bool      `json:"model" class:"operational" doc:"A language model may receive it, with the consents"`
	Consents []Consent `json:"consents" class:"operational" doc:"Parties that must consent before a language model receives it"`
	Kept     string    `json:"kept" class:"operational" doc:"For how long"`
}

// LocationRow is one location.
type LocationRow struct {
	Place  Place   `json:"place" class:"operational"`
	Name   string  `json:"name" class:"operational"`
	What   string  `json:"what" class:"operational"`
	Plain  []Class `json:"plain" class:"operational" doc:"Classes that are there as they are"`
	Sealed []Class `json:"sealed" class:"operational" doc:"Classes that are there only encrypted by the application"`
	Kept   string  `json:"kept" class:"operational" doc:"For how long a document is kept; empty: as its class is"`
}

// Map returns the data map: classes by name, and locations by place.
func Map() DataMap {
	m := DataMap{}
	for _, class := range slices.Sorted(maps.Keys(Rules)) {
		r := Rules[class]
		m.Classes = append(m.Classes, ClassRow{
			Class: class, What: r.What, Plain: list(r.Plain), Sealed: list(r.Sealed), Keys: list(r.Keys), Readers: list(r.Readers),
			Model: r.Model.Allowed, Consents: list(r.Model.Consents), Kept: r.Kept,
		})
	}
	for _, l := range Locations() {
		row := LocationRow{Place: l.Place, Name: l.Name, What: l.What, Plain: []Class{}, Sealed: []Class{}, Kept: Retentions[l.Name].Kept}
		for _, class := range l.Classes {
			if class.In(l.Place) == Sealed {
				row.Sealed = append(row.Sealed, class)
			} else {
				row.Plain = append(row.Plain, class)
			}
		}
		m.Locations = append(m.Locations, row)
	}
	return m
}

// list returns a copy that is never nil, so that JSON has an array.
func list[T any](all []T) []T { return append([]T{}, all...) }
