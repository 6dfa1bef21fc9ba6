package bench

import (
	"context"
	"fmt"
	"net/http"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// metrics are a server's numbers at a time.
type metrics map[string]*dto.MetricFamily

func readMetrics(ctx context.Context, server string) (metrics, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("read the server's metrics: %w", err)
	}
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	m, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("read the server's metrics: %w", err)
	}
	return m, nil
}

// find returns the metric whose one label has a value, or the first where label is
// empty; nil where there is none.
func (m metrics) find(name, label string) *dto.Metric {
	for _, metric := range m[name].GetMetric() {
		if label == "" || len(metric.GetLabel()) > 0 && metric.GetLabel()[0].GetValue() == label {
			return metric
		}
	}
	return nil
}

// count is a counter, or the number of observations of a histogram; without a label,
// the sum over all labels.
func (m metrics) count(name, label string) float64 {
	sum := 0.0
	for _, metric := range m[name].GetMetric() {
		if label == "" || len(metric.GetLabel()) > 0 && metric.GetLabel()[0].GetValue() == label {
			sum += metric.GetCounter().GetValue() + float64(metric.GetHistogram().GetSampleCount())
		}
	}
	return sum
}

// quantile estimates, in ms, what was observed between two states of a histogram.
func quantile(before, after *dto.Histogram, q float64) float64 {
	total := float64(after.GetSampleCount() - before.GetSampleCount())
	if total == 0 {
		return 0
	}
	earlier := map[float64]uint64{}
	for _, b := range before.GetBucket() {
		earlier[b.GetUpperBound()] = b.GetCumulativeCount()
	}
	low, below := 0.0, 0.0
	for _, b := range after.GetBucket() {
		up := float64(b.GetCumulativeCount() - earlier[b.GetUpperBound()])
		if up >= q*total && up > below {
			return 1000 * (low + (min(b.GetUpperBound(), 10)-low)*(q*total-below)/(up-below))
		}
		low, below = b.GetUpperBound(), up
	}
	return 1000 * low
}
