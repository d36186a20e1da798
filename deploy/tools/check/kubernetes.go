package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// kubernetes decodes every object of the files into the type of its kind.
func kubernetes(files []string) error {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		core.AddToScheme, apps.AddToScheme, policy.AddToScheme, networking.AddToScheme, autoscaling.AddToScheme, monitoring.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return err
		}
	}
	found := secrets{wanted: map[string]string{}, there: map[string]bool{}}
	strict := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme, scheme, json.SerializerOptions{Yaml: true, Strict: true})
	var errs []error
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
		for n := 1; ; n++ {
			document, err := documents.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			object, kind, err := strict.Decode(document, nil, nil)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: object %d: %w", name, n, err))
				continue
			}
			switch o := object.(type) {
			case *apps.Deployment:
				errs = append(errs, promises(name, o))
				found.of(name, o.Spec.Template.Spec)
			case *apps.StatefulSet:
				found.of(name, o.Spec.Template.Spec)
			case *core.Secret:
				found.in(o)
			}
			fmt.Println(name, kind.Kind)
		}
	}
	return errors.Join(append(errs, found.missing())...)
}

// secrets are those that pods want, with the file that does, and those that there are, as NAME/KEY.
type secrets struct {
	wanted map[string]string
	there  map[string]bool
}

func (s *secrets) of(file string, pod core.PodSpec) {
	for _, c := range pod.Containers {
		for _, variable := range c.Env {
			if from := variable.ValueFrom; from != nil && from.SecretKeyRef != nil {
				s.wanted[from.SecretKeyRef.Name+"/"+from.SecretKeyRef.Key] = file
			}
		}
	}
	for _, volume := range pod.Volumes {
		if volume.Secret != nil {
			for _, item := range volume.Secret.Items {
				s.wanted[volume.Secret.SecretName+"/"+item.Key] = file
			}
		}
	}
}

func (s *secrets) in(secret *core.Secret) {
	for key := range secret.StringData {
		s.there[secret.Name+"/"+key] = true
	}
	for key := range secret.Data {
		s.there[secret.Name+"/"+key] = true
	}
}

// missing is an error for each secret that a pod would wait for. Without any secret at all nothing is known.
func (s *secrets) missing() error {
	var errs []error
	for name, file := range s.wanted {
		if len(s.there) > 0 && !s.there[name] {
			errs = append(errs, fmt.Errorf("%s: no secret has %s", file, name))
		}
	}
	return errors.Join(errs...)
}

// stopTime is within how many seconds after SIGTERM a node has gone.
const stopTime = 10

// promises checks what no schema knows: a node is let go in peace, and asked the right thing by the right probe.
func promises(name string, d *apps.Deployment) error {
	pod := d.Spec.Template.Spec
	c := pod.Containers[0]
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(name+": "+format, args...)) }
	before := int64(0)
	if c.Lifecycle != nil && c.Lifecycle.PreStop != nil && c.Lifecycle.PreStop.Sleep != nil {
		before = c.Lifecycle.PreStop.Sleep.Seconds
	}
	if grace := pod.TerminationGracePeriodSeconds; grace == nil || *grace < before+stopTime {
		wrong("terminationGracePeriodSeconds is too short for preStop and %d s", stopTime)
	}
	for path, probe := range map[string]*core.Probe{"/healthz": c.LivenessProbe, "/readyz": c.ReadinessProbe} {
		if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Path != path {
			wrong("no probe asks for %s as it should", path)
		}
	}
	if s := c.SecurityContext; s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation {
		wrong("the container is not closed")
	}
	if s := pod.SecurityContext; s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot {
		wrong("the pod may run as root")
	}
	if update := d.Spec.Strategy.RollingUpdate; update == nil || update.MaxUnavailable == nil || update.MaxUnavailable.IntValue() != 0 {
		wrong("an update takes a node away before there is another")
	}
	return errors.Join(errs...)
}
