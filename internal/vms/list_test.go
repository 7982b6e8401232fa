package vms

import (
	"encoding/json"
	"testing"
)

func TestList(t *testing.T) {
	t.Parallel()
	l, err := NewList([]VideoManager{
		{ID: 5, Name: "Eins & Zwei", UUID: "u5", RealmID: "r", Configuration: json.RawMessage(`{"a":1}`)},
		{ID: 9, Name: "Neun", UUID: "u9"},
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = `[{"id":5,"name":"Eins & Zwei","uuid":"u5","configuration":{"a":1}},{"id":9,"name":"Neun","uuid":"u9","configuration":{}}]`
	if string(l.JSON) != want {
		t.Errorf("got  %s\nwant %s", l.JSON, want)
	}
	if m, ok := l.Find(9); !ok || m.Name != "Neun" {
		t.Errorf("9 is %+v, %v", m, ok)
	}
	if _, ok := l.Find(1); ok {
		t.Error("1 was found")
	}
}

func TestEmptyListIsAnArray(t *testing.T) {
	t.Parallel()
	l, err := NewList(nil)
	if err != nil || string(l.JSON) != "[]" {
		t.Errorf("%s, %v", l.JSON, err)
	}
}

func TestListRefusesBrokenConfiguration(t *testing.T) {
	t.Parallel()
	if _, err := NewList([]VideoManager{{Configuration: json.RawMessage(`{`)}}); err == nil {
		t.Error("accepted")
	}
}
