package monitoring

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// What follows is Grafana's schema 42 (the types of @grafana/schema 13.2), as much of
// it as the dashboards use. Decoded with DisallowUnknownFields a field that Grafana
// does not know, or not there, is an error: it would drop it without a word.
type (
	dashboard struct {
		UID, Title, Description string
		Tags                    []string
		Editable, LiveNow       bool
		Preload                 bool
		GraphTooltip            int
		SchemaVersion, Version  int
		FiscalYearStartMonth    int
		Timezone, WeekStart     string
		Refresh                 string
		Time                    struct{ From, To string }
		Timepicker              struct{}
		Links                   []link
		Annotations             struct{ List []annotation }
		Templating              struct{ List []variable }
		Panels                  []panel
	}
	link struct {
		Title, Type, Icon, Tooltip, URL                string
		Tags                                           []string
		AsDropdown, TargetBlank, IncludeVars, KeepTime bool
	}
	source     struct{ Type, UID string }
	annotation struct {
		Name, Type              string
		BuiltIn                 int
		Datasource              source
		Enable, Hide            bool
		IconColor               string
		Target                  struct{ RefID, Expr, Interval string }
		TitleFormat, TextFormat string
		UseValueForTime         bool
	}
	variable struct {
		Name, Type, Label, Description string
		Datasource                     source
		Definition                     string
		Query                          json.RawMessage
		Refresh, Sort, Hide            int
		Multi, IncludeAll              bool
		AllValue, Regex                string
		AllowCustomValue, SkipURLSync  bool
		Options                        []struct{}
		Current                        struct{ Text, Value json.RawMessage }
	}
	panel struct {
		ID                       int
		Type, Title, Description string
		Datasource               source
		GridPos                  box
		Targets                  []target
		FieldConfig              struct {
			Defaults  field
			Overrides []override
		}
		Options         json.RawMessage
		Transformations []struct {
			ID      string
			Options json.RawMessage
		}

		Collapsed bool // these three of a row alone
		Repeat    string
		Panels    []struct{}
	}
	box    struct{ H, W, X, Y int }
	target struct {
		RefID              string
		Datasource         source
		EditorMode         string
		Expr, LegendFormat string
		Range, Instant     bool
		Format             string
	}
	field struct {
		Color      struct{ Mode, FixedColor string }
		Unit       string
		Min, Max   *float64
		Decimals   *int
		NoValue    string
		Thresholds thresholds
		Mappings   []struct {
			Type    string
			Options map[string]struct {
				Text, Color string
				Index       int
			}
		}
		Custom json.RawMessage
	}
	thresholds struct {
		Mode  string
		Steps []struct {
			Color string
			Value *float64
		}
	}
	override struct {
		Matcher    struct{ ID, Options string }
		Properties []struct {
			ID    string
			Value json.RawMessage
		}
	}
)

// What each kind of panel takes as its options, and as fieldConfig.defaults.custom.
type (
	legend struct {
		Calcs                  []string
		DisplayMode, Placement string
		ShowLegend             bool
	}
	tooltip struct{ Mode, Sort string }
	reduce  struct {
		Calcs  []string
		Fields string
		Values bool
	}
	hideFrom     struct{ Legend, Tooltip, Viz bool }
	distribution struct{ Type string }

	statOptions struct {
		ColorMode, GraphMode, JustifyMode, Orientation, PercentChangeColorMode, TextMode string
		ShowPercentChange, WideLayout                                                    bool
		ReduceOptions                                                                    reduce
	}
	seriesOptions struct {
		Legend  legend
		Tooltip tooltip
	}
	seriesField struct {
		DrawStyle, LineInterpolation, GradientMode, ShowPoints string
		LineWidth, FillOpacity, PointSize                      int
		SpanNulls                                              bool
		AxisPlacement, AxisLabel, AxisColorMode                string
		AxisBorderShow, AxisCenteredZero                       bool
		ScaleDistribution                                      distribution
		Stacking                                               struct{ Group, Mode string }
		HideFrom                                               hideFrom
		ThresholdsStyle                                        struct{ Mode string }
	}
	tableOptions struct {
		CellHeight string
		FrameIndex int
		ShowHeader bool
		SortBy     []struct {
			DisplayName string
			Desc        bool
		}
	}
	tableField struct {
		Align               string
		CellOptions         struct{ Type string }
		Inspect, Filterable bool
	}
	heatmapOptions struct {
		Calculate  bool
		CellGap    int
		CellValues struct{ Unit string }
		Color      struct {
			Exponent                  float64
			Fill, Mode, Scale, Scheme string
			Reverse                   bool
			Steps                     int
		}
		Exemplars    struct{ Color string }
		FilterValues struct{ Le float64 }
		Legend       struct{ Show bool }
		RowsFrame    struct{ Layout string }
		ShowValue    string
		Tooltip      struct {
			Mode                       string
			ShowColorScale, YHistogram bool
		}
		YAxis struct {
			AxisPlacement, Unit string
			Reverse             bool
		}
	}
	heatmapField struct {
		HideFrom          hideFrom
		ScaleDistribution distribution
	}
	barOptions struct {
		DisplayMode, NamePlacement, Orientation, Sizing, ValueMode string
		Legend                                                     legend
		MaxVizHeight, MinVizHeight, MinVizWidth                    int
		ReduceOptions                                              reduce
		ShowUnfilled                                               bool
	}
	stateOptions struct {
		AlignValue, ShowValue string
		Legend                legend
		MergeValues           bool
		RowHeight             float64
		Tooltip               tooltip
	}
	stateField struct {
		FillOpacity, LineWidth int
		HideFrom               hideFrom
	}
)

// shapes are the options and the custom field of each kind of panel; nil: it has none.
var shapes = map[string]func() (options, custom any){
	"stat":           func() (any, any) { return new(statOptions), nil },
	"timeseries":     func() (any, any) { return new(seriesOptions), new(seriesField) },
	"table":          func() (any, any) { return new(tableOptions), new(tableField) },
	"heatmap":        func() (any, any) { return new(heatmapOptions), new(heatmapField) },
	"bargauge":       func() (any, any) { return new(barOptions), nil },
	"state-timeline": func() (any, any) { return new(stateOptions), new(stateField) },
}

// strict decodes one JSON value that fits into to without anything left over.
func strict(text []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("there is something behind it")
	}
	return nil
}

// shaped says whether a panel's options are those of its kind.
func (p *panel) shaped() error {
	shape, known := shapes[p.Type]
	if !known {
		return fmt.Errorf("no kind of panel that is known here: %q", p.Type)
	}
	options, custom := shape()
	if err := strict(p.Options, options); err != nil {
		return fmt.Errorf("options: %w", err)
	}
	if custom == nil {
		if p.FieldConfig.Defaults.Custom != nil {
			return fmt.Errorf("custom: a %s has none", p.Type)
		}
		return nil
	}
	if err := strict(p.FieldConfig.Defaults.Custom, custom); err != nil {
		return fmt.Errorf("custom: %w", err)
	}
	return nil
}
