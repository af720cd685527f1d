// Judge reads Kubernetes manifests from standard input and holds the pods in them to the Pod Security Standard "restricted",
// by the library of Kubernetes' own admission controller. It prints what is forbidden, and ends with 1 if anything is or
// if there is no pod. kube-score is built beside it.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	sigs "sigs.k8s.io/yaml"
)

func main() {
	pods, forbidden, err := judge(os.Stdin)
	if err != nil {
		fmt.Println(err)
	}
	for _, finding := range forbidden {
		fmt.Println(finding)
	}
	if err != nil || len(forbidden) > 0 || pods == 0 {
		os.Exit(1)
	}
	fmt.Printf("%d pod(s) keep to \"restricted\"\n", pods)
}

// judge returns how many pods there are, and what is forbidden in them.
func judge(manifests io.Reader) (pods int, forbidden []string, err error) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		return 0, nil, err
	}
	reader := yaml.NewYAMLReader(bufio.NewReader(manifests))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return pods, forbidden, nil
		}
		if err != nil {
			return pods, forbidden, err
		}
		name, template, err := podOf(document)
		if err != nil {
			return pods, forbidden, err
		}
		if template == nil {
			continue
		}
		pods++
		level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
		result := policy.AggregateCheckResults(evaluator.EvaluatePod(level, &template.ObjectMeta, &template.Spec))
		if !result.Allowed {
			forbidden = append(forbidden, fmt.Sprintf("%s: %s", name, result.ForbiddenDetail()))
		}
	}
}

// podOf returns the template of the pods that an object makes, or nil. Fields that there are not are an error.
func podOf(document []byte) (string, *corev1.PodTemplateSpec, error) {
	var kind metav1.TypeMeta
	if err := sigs.Unmarshal(document, &kind); err != nil {
		return "", nil, err
	}
	switch kind.APIVersion + "/" + kind.Kind {
	case "apps/v1/Deployment":
		var deployment appsv1.Deployment
		err := sigs.UnmarshalStrict(document, &deployment)
		return deployment.Name, &deployment.Spec.Template, err
	case "batch/v1/Job":
		var job batchv1.Job
		err := sigs.UnmarshalStrict(document, &job)
		return job.Name, &job.Spec.Template, err
	}
	return "", nil, nil
}
